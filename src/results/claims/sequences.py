"""What the talk asks of sequences, from trivial ones to uncomputable ones, and of the MU puzzle: the network on the MIU system and the
algorithm read out of it."""

import numpy as np

from ...network.tasks.sequences import KINDS
from ...numbers.sequences import REGISTRY
from ...studies.sequences import by_kind
from ..grids import QUESTIONS
from ..registry import arrays
from .claim import COUNT, Claims, at_most, exactly, share

claims = Claims("integers")

# The four tasks on sequences, beside a compressor and the most frequent answer, which have no seeds

BUSY_BEAVER = next(i for i, one in enumerate(REGISTRY) if one.number == "A060843")


def outcome(field: str, task: str) -> np.ndarray:
    """A field of `integers-sequences` for one task."""
    return arrays("integers-sequences")[field][QUESTIONS.index(task)]


@claims.add("sequences.{task}.accuracy", "sequences, {task}: held-out accuracy", form=share(), kind="measured", over={"task": QUESTIONS})
def sequences_accuracy(task):
    return outcome("overall", task)


@claims.add(
    "sequences.{task}.accuracy-by-class", "sequences, {task}, by class of sequences: held-out accuracy", form=share(), kind="measured",
    over={"task": ("classify", "compare")},
)  # fmt: skip
def sequences_accuracy_by_class(task):
    return outcome("second", task)


@claims.add(
    "sequences.continue.permuted-labels", "sequences, continue, control, labels permuted: held-out accuracy", form=share(),
    goal=at_most(0.2), kind="measured",
)  # fmt: skip
def sequences_permuted_labels():
    return arrays("integers-sequences")["overall"][-1]


@claims.add(
    "sequences.{task}.busy-beaver",
    f"sequences, {{task}}: S(5) = {REGISTRY[BUSY_BEAVER].terms(5)[-1]:,} of the busy beaver, modulo 97, right (1) or not (0)",
    form=COUNT, kind="measured", over={"task": ("continue", "unmask")},
)  # fmt: skip
def sequences_busy_beaver(task):
    return outcome("network", task)[:, BUSY_BEAVER]


def kind_text(kind: str) -> str:
    theirs = by_kind(outcome("compressor", "continue"))[kind]
    return f"sequences, continue, {kind}: held-out accuracy (compressor: {theirs:.0%})"


@claims.add("sequences.continue.{kind}.accuracy", kind_text, form=share(), kind="measured", over={"kind": KINDS})
def sequences_accuracy_on_kind(kind):
    return by_kind(outcome("network", "continue"))[kind]


@claims.add(
    "sequences.{task}.compressor", "sequences, {task}: the compressor's accuracy", form=share(), kind="measured", over={"task": QUESTIONS}
)
def sequences_compressor(task):
    return outcome("compressor_overall", task)


@claims.add(
    "sequences.{task}.most-frequent-answer", "sequences, {task}: always the answer most frequent in training", form=share(),
    kind="measured", over={"task": QUESTIONS},
)  # fmt: skip
def sequences_most_frequent_answer(task):
    return outcome("common", task)


# The MU puzzle


@claims.add(
    "miu.wrong-words", "MIU: words of 2,047 called wrongly", form=COUNT, goal=exactly(0),
    why="the word with ten I's, the only one with so many, is held out: no training word says what ten should give",
)  # fmt: skip
def miu_wrong_words():
    return arrays("miu-study")["network_wrong"]


@claims.add("miu.explained-by-count", "MIU: variance of the answer that the number of I's explains", form=share())
def miu_explained_by_count():
    return arrays("miu-study")["by_count"]


@claims.add(
    "miu.affine-neurons",
    "MIU: pre-activations of neurons that matter: variance that is affine in the number of I's, least",
    form=share(),
)  # fmt: skip
def miu_affine_neurons():
    found = arrays("miu-study")
    return [affine[matter].min() for affine, matter in zip(found["affine"], found["share"] > 0.01, strict=True)]


@claims.add(
    "miu.hinges.wrong-words", "MIU: the hinges alone, run without the network: words of 2,047 called wrongly", form=COUNT,
)  # fmt: skip
def miu_hinges_wrong_words():
    return arrays("miu-study")["hinges_wrong"]


@claims.add("miu.hinges.agreement", "MIU: words on which hinges and network agree", form=share())
def miu_hinges_agreement():
    return arrays("miu-study")["agreement"]


@claims.add("miu.hinges.neurons", "MIU: neurons with which the hinges do as well as with all", form=COUNT)
def miu_hinges_neurons():
    return arrays("miu-study")["hinges_used"]


@claims.add(
    "miu.exchange.same-count", "MIU: attention's output taken from a word with as many I's: answer kept", form=share(),
)  # fmt: skip
def miu_exchange_same_count():
    return arrays("miu-study")["same"]


@claims.add(
    "miu.exchange.other-kind", "MIU: attention's output taken from a word of the other kind: answer becomes that word's", form=share(),
)  # fmt: skip
def miu_exchange_other_kind():
    return arrays("miu-study")["other"]


@claims.add(
    "miu.exchange.random-signs",
    "MIU: control, attention's output taken from a word of the other kind, with random signs: answer becomes that word's",
    form=share(), goal=at_most(0.7),
)  # fmt: skip
def miu_exchange_random_signs():
    return arrays("miu-study")["random"]


@claims.add("miu.permuted-labels", "MIU: control, labels permuted: held-out accuracy", form=share(), goal=at_most(0.7), kind="measured")
def miu_permuted_labels():
    return arrays("integers-miu")["valid_accuracy"][0]
