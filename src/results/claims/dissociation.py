"""Which prime a part of a residue network serves: what its removal costs, controls, and other layers in two bases."""

import numpy as np

from ...network.model import count_parameters
from ...studies.bases import FAMILIES, WAVES
from ...studies.residues import off_diagonal
from ..evidence import COMMITTED, Block, runs_of
from ..registry import arrays
from .claim import COUNT, Claims, Form, at_least, at_most, exactly, fraction, share
from .residues import BLOCKS, COINCIDE

claims = Claims("residues")

# --- double dissociation


@claims.add(
    "{block}.ablated.own",
    "{block}: a prime's neurons mean-ablated: its accuracy above chance, worst prime",
    form=Form(".1%", -1, 1),
    goal=at_most(0.01),
    over=BLOCKS,
    why="neurons labelled with other primes carry a little of it",
)
def ablated_own(block: Block):
    return (block.own_task("ablated") - block.analysis["chance"]).max(axis=1)


@claims.add(
    "{block}.ablated.own-median",
    "{block}: a prime's neurons mean-ablated: its accuracy above chance, median prime",
    form=Form(".1%", -1, 1),
    over=BLOCKS,
)
def ablated_own_median(block: Block):
    return np.median(block.own_task("ablated") - block.analysis["chance"], axis=1)


@claims.add(
    "{block}.ablated.others",
    "{block}: a prime's neurons mean-ablated: share of the 812 other accuracies that stay at 99%",
    form=share(2),
    goal=exactly(1),
    over=BLOCKS,
    why=f"neurons serve two primes: {COINCIDE}",
)
def ablated_others(block: Block):
    return (off_diagonal(block.analysis["ablated"]) >= 0.99).mean(axis=1)


@claims.add(
    "{block}.ablated.control",
    "{block}: control, random groups of the same size ablated: share of the other accuracies at 99%",
    form=share(),
    over=BLOCKS,
)
def ablated_control(block: Block):
    return (off_diagonal(block.analysis["ablated_random"]) >= 0.99).mean(axis=1)


@claims.add(
    "{block}.removed.own",
    "{block}: a prime's functions removed: its accuracy above chance, worst prime",
    form=Form(".1%", -1, 1),
    goal=at_most(0.01),
    over=BLOCKS,
    why="frequencies with less than 5% of the prime's strength were left in",
)
def removed_own(block: Block):
    return (block.own_task("removed") - block.analysis["chance"]).max(axis=1)


@claims.add(
    "{block}.removed.others",
    "{block}: a prime's functions removed: share of the others that stay at 99%",
    form=share(2),
    goal=exactly(1),
    over=BLOCKS,
    why=f"as for ablation: {COINCIDE}",
)
def removed_others(block: Block):
    return (off_diagonal(block.analysis["removed"]) >= 0.99).mean(axis=1)


@claims.add(
    "{block}.removed.control", "{block}: control, as many random families removed: worst accuracy of any task", form=share(), over=BLOCKS
)
def removed_control(block: Block):
    return block.analysis["removed_random"].min(axis=(1, 2))


@claims.add(
    "{block}.kept.own",
    "{block}: only a prime's functions kept: its accuracy, worst prime",
    form=share(2),
    goal=at_least(0.99),
    over=BLOCKS,
    why="frequencies with less than 5% of the prime's strength were left out",
)
def kept_own(block: Block):
    return block.own_task("kept").min(axis=1)


@claims.add("{block}.parameters", "{block}: parameters of the network", form=COUNT, over=BLOCKS)
def parameters(block: Block):
    return [count_parameters(run.model) for run in block.runs]


@claims.add("{block}.frequencies", "{block}: frequencies used, mean over primes", form=Form(".1f", 0), over=BLOCKS)
def frequencies(block: Block):
    return block.analysis["frequencies"].mean(axis=1)


# --- controls at p = 53


@claims.add(
    "controls.shuffled", "p = 53, labels permuted: held-out accuracy, mean over tasks", form=share(), goal=at_most(0.15), kind="measured"
)
def controls_shuffled():
    return arrays("residues-controls")["valid_accuracy"][0]


@claims.add("controls.large-primes", "p = 53, q >= 11 only: steps until every task stands at 99% held out", form=COUNT, kind="measured")
def controls_large_primes():
    return arrays("residues-controls")["steps_to_generalise"][1]


@claims.add("controls.one-prime", "p = 53, q = 47 alone: steps until it stands at 99% held out", form=COUNT, kind="measured")
def controls_one_prime():
    return arrays("residues-controls")["steps_to_generalise"][2]


@claims.add("controls.all-primes", "p = 53, all 15 tasks: steps until every task stands at 99% held out", form=COUNT)
def controls_all_primes():
    return [run.manifest["steps_to_generalise"] for run in runs_of("laptop")]


# --- other layers in two bases

_LAYERS = [{"block": str(block), "run": block.run} for block in COMMITTED]
_DICTIONARIES = [
    {**layer, "d": d, "name": name} for layer in _LAYERS for d, name in (("rational", "rational"), ("zp", "Z/p"), ("random", "random"))
]


@claims.add(
    "{block}.basis.embedding.{d}",
    f"{{block}}: W_E: variance in the best {WAVES} waves, {{name}}",
    form=Form(".2f", 0, 1),
    over=_DICTIONARIES,
)
def basis_embedding(block: str, run: str, d: str, name: str):
    return arrays(f"{run}-bases")[f"embedding_{d}"]


@claims.add(
    "{block}.basis.after-relu.zp", "{block}: after the ReLU: the best pair of Z/p, mean over neurons", form=fraction(), over=_LAYERS
)
def basis_after_relu(block: str, run: str):
    return arrays(f"{run}-bases")["post_zp"]


@claims.add(
    "{block}.basis.logits.{d}",
    f"{{block}}: logits of a task: variance in the best {FAMILIES} families, {{name}}, mean over tasks",
    form=fraction(),
    goal=lambda d, **_: at_least(0.8) if d == "rational" else None,
    over=_DICTIONARIES,
)
def basis_logits(block: str, run: str, d: str, name: str):
    return arrays(f"{run}-bases")[f"logits_{d}"].mean(axis=1)


@claims.add(
    "{block}.basis.logits.permuted",
    f"{{block}}: null, weights permuted: logits of a task in the best {FAMILIES} rational families",
    form=fraction(),
    over=_LAYERS,
)
def basis_permuted(block: str, run: str):
    return arrays(f"{run}-bases")["permuted_rational"].mean(axis=1)


@claims.add(
    "{block}.basis.logits.noise", f"{{block}}: null, Gaussian noise in the best {FAMILIES} rational families", form=fraction(), over=_LAYERS
)
def basis_noise(block: str, run: str):
    return arrays(f"{run}-bases")["noise_rational"]


@claims.add(
    "{block}.kept.control",
    "{block}: control, as many random families kept of the MLP: own prime's accuracy, best prime",
    form=share(),
    over=_LAYERS,
)
def kept_control(block: str, run: str):
    return arrays(f"{run}-bases")["kept_random"].max(axis=1)
