"""What the talk asks of the integers: its table and oracles, primality directly, sparse encodings, the law of bases, and the hypothesis
that each network is most like."""

from functools import cache
from typing import NamedTuple

import numpy as np

from ...numbers.hypotheses import FACTORS, HYPOTHESES, closest
from ...numbers.integers import primes_below
from ...numbers.sparse import BASES, THEIRS, predictions
from ...studies import law
from ..evidence import BLOCKS, by_block, prime_callers
from ..grids import DECADE_BASES, DECADE_SHARES, DIRECT, LAW, LAW_BASES, LAW_Q
from ..registry import arrays
from .claim import CORRELATION, Claims, Form, at_least, between, exactly, fraction, share

claims = Claims("integers")

MCC = Form(".3f", -1, 1)
RECALLS = {"recall of primes": "recall", "recall of composites": "recall_composites"}


class Named(NamedTuple):
    """What rows are about, as slugs and as texts call it."""

    slug: str
    text: str


# The talk's table in four bases, in base 10 with three train shares

PERCENTS = tuple(round(100 * of_all) for of_all in DECADE_SHARES)
TABLE = [dict(base=base, percent=percent) for base in DECADE_BASES for percent in (PERCENTS if base == 10 else (80,))]
SCORES = {"balanced accuracy": "balanced", "precision": "precision", "recall of primes": "recall", "accuracy": "accuracy"}
ORACLES = {  # no number of the table is even or ends in 5
    Named("3", "3"): "2, 3", Named("3-7", "3, 7"): "primes to 7", Named("3-7-11", "3, 7, 11"): "primes to 11",
}  # fmt: skip
FEW = "few rows of the table have this least factor"


def table(field: str, base: int = 10, percent: int = 80) -> np.ndarray:
    """A field of `integers-decades` for one base and one train share."""
    return arrays("integers-decades")[field][DECADE_BASES.index(base) * len(PERCENTS) + PERCENTS.index(percent)]


def least_factor_text(base: int, q: int) -> str:
    divides = f" ({q} divides {base})" if base % q == 0 else ""
    return f"table, base {base}, 80% trained on: composites with least factor {q} recognised{divides}"


@claims.add(
    "table.base-{base}.trained-{percent}.{score}", "table, base {base}, {percent}% trained on: {score}", form=fraction(), kind="measured",
    over=[{**one, "score": score} for one in TABLE for score in SCORES],
)  # fmt: skip
def table_score(base, percent, score):
    return table(SCORES[score], base, percent)


@claims.add(
    "table.base-{base}.trained-{percent}.mcc", "table, base {base}, {percent}% trained on: MCC", form=MCC, kind="measured", over=TABLE
)
def table_mcc(base, percent):
    return table("mcc", base, percent)


@claims.add(
    "table.base-{base}.least-factor-{q}", least_factor_text, form=share(), why=FEW, kind="measured",
    over={"base": DECADE_BASES, "q": (3, 7, 11, 13)}, goal=lambda base, q: at_least(0.9) if base % q == 0 else None,
)  # fmt: skip
def table_least_factor(base, q):
    return table("by_factor", base)[:, FACTORS.index(q)]


@claims.add(
    "table.base-10.least-factor-above-31",
    "table, base 10, 80% trained on: composites with a least factor above 31 recognised (of primes too it calls some composite)",
    form=share(), kind="measured",
)  # fmt: skip
def table_largest_factors():
    return table("by_factor")[:, -1]


@claims.add(
    "table.base-10.accuracy-on-training-rows", "table, base 10, 80% trained on: accuracy on the training rows", form=share(),
    kind="measured",
)  # fmt: skip
def table_accuracy_on_training_rows():
    return table("train_accuracy")


@claims.add("table.majority.accuracy", "table, always naming the more frequent class: accuracy", form=fraction(), kind="measured")
def table_majority():
    return table("majority").mean()


@claims.add("table.oracle-{of.slug}.mcc", "table, oracle that knows {{{of.text}}}: MCC", form=MCC, kind="measured", over={"of": ORACLES})
def oracle_mcc(of):
    return table("oracle_mcc")[list(HYPOTHESES).index(ORACLES[of])]


@claims.add(
    "table.oracle-{of.slug}.balanced-accuracy", "table, oracle that knows {{{of.text}}}: balanced accuracy", form=fraction(),
    kind="measured", over={"of": ORACLES},
)  # fmt: skip
def oracle_balanced_accuracy(of):
    return table("oracle_balanced")[list(HYPOTHESES).index(ORACLES[of])]


# Prime or not in one answer, by encoding, beside the residue networks' composed answer

NETWORKS = tuple(Named("residues" if c.encoding == "residues" else f"base-{c.base}", text) for text, c in DIRECT.items())
DIRECT_SCORES = {**RECALLS, "accuracy on training rows": "train_accuracy"}


@claims.add(
    "direct.{network.slug}.mcc", "n < 10,000, {network.text}: MCC, held out", form=MCC, kind="measured", over={"network": NETWORKS},
)  # fmt: skip
def direct_mcc(network):
    return arrays("integers-primality")["mcc"][NETWORKS.index(network)]


@claims.add(
    "direct.{network.slug}.balanced-accuracy", "n < 10,000, {network.text}: balanced accuracy", form=fraction(), kind="measured",
    over={"network": NETWORKS},
)  # fmt: skip
def direct_balanced_accuracy(network):
    return arrays("integers-primality")["balanced"][NETWORKS.index(network)]


@claims.add(
    "direct.{network.slug}.{score}", "n < 10,000, {network.text}: {score}", form=share(), kind="measured",
    over={"network": NETWORKS, "score": DIRECT_SCORES},
)  # fmt: skip
def direct_score(network, score):
    return arrays("integers-primality")[DIRECT_SCORES[score]][NETWORKS.index(network)]


@claims.add(
    "direct.{network.slug}.rule", "n < 10,000, {network.text}: numbers at which it says what 'coprime to the base' says", form=share(),
    kind="measured", over={"network": [one for one in NETWORKS if one.slug != "residues"]},
)  # fmt: skip
def direct_agreement_with_rule(network):
    return arrays("integers-primality")["rule"][NETWORKS.index(network)]


@claims.add(
    "composed.{block}.mcc", "n < 12,769, composed of 29 residues ({block}): MCC, held out", form=Form(".4f", -1, 1), goal=exactly(1),
    over={"block": BLOCKS.values()},
)  # fmt: skip
def composed_mcc(block):
    return by_block("composed")[block]["mcc"]


@claims.add(
    "composed.{block}.{score}", "n < 12,769, composed of 29 residues ({block}): {score}, held out", form=share(2), goal=exactly(1),
    over={"block": BLOCKS.values(), "score": RECALLS},
)  # fmt: skip
def composed_recall(block, score):
    return by_block("composed")[block][RECALLS[score]]


# The sparse encoding with four bases: the predictions of the rule were committed before any of these trainings

NEXT_TO_NOTHING = "the network does not follow the rule where the base shows next to nothing"
FEW_SCORES = {
    Named("rule", "numbers at which network and rule agree"): "rule",
    Named("accuracy-on-training-rows", "accuracy on training rows"): "train_accuracy",
}


@cache
def predicted() -> dict[int, float]:
    """Recall of composites by the rule, by base."""
    return dict(zip(BASES, predictions(), strict=True))


@claims.add(
    "sparse.base-{base}.recall-of-composites",
    lambda base: f"sparse, base {base}: recall of composites in [10⁶, 3·10⁶); the rule predicts {predicted()[base]:.1%}",
    form=share(), goal=lambda base: between(max(predicted()[base] - 0.02, 0), predicted()[base] + 0.02),
    anchor=lambda base: "79% (Lee and Kim)" if base == THEIRS else "none", why=NEXT_TO_NOTHING, kind="measured", over={"base": BASES},
)  # fmt: skip
def sparse_recall_of_composites(base):
    return arrays("integers-sparse")["recall_composites"][BASES.index(base)]


@claims.add(
    "sparse.base-{base}.recall-of-primes", "sparse, base {base}: recall of primes in [10⁶, 3·10⁶); the rule predicts 100%", form=share(),
    goal=at_least(0.99), anchor=lambda base: "> 99% (Lee and Kim)" if base == THEIRS else "none", why=NEXT_TO_NOTHING, kind="measured",
    over={"base": BASES},
)  # fmt: skip
def sparse_recall_of_primes(base):
    return arrays("integers-sparse")["recall"][BASES.index(base)]


@claims.add(
    "sparse.base-{base}.rule", "sparse, base {base}: numbers at which network and rule agree", form=share(2), goal=at_least(0.99),
    why=NEXT_TO_NOTHING, kind="measured", over={"base": BASES},
)  # fmt: skip
def sparse_agreement_with_rule(base):
    return arrays("integers-sparse")["rule"][BASES.index(base)]


@claims.add(
    "sparse-few.base-{base}.{score.slug}", "sparse, base {base}, a fifth of the rows and four times the steps: {score.text}",
    form=share(), kind="measured", over={"base": BASES, "score": FEW_SCORES},
)  # fmt: skip
def sparse_few_score(base, score):
    return arrays("integers-sparse-few")[FEW_SCORES[score]][BASES.index(base)]


# The law of bases: which n mod q are learned in which base

WEIGHTS = sorted({law.difficulty(c.base, int(q), c.n_max) for c in LAW for q in primes_below(LAW_Q + 1)})


def law_text(weights: int) -> str:
    which = {0: "q divides the base", 1: "base = 1 mod q", 2: "order 2"}.get(weights, f"{weights} weights")
    tasks = int((arrays("integers-bases")["difficulty"] == weights).sum())
    return f"n mod q, {which} ({tasks} tasks in {len(LAW_BASES)} bases): held-out accuracy above chance, mean over training"


@claims.add("law.weights-{weights}.skill", law_text, form=Form(".2f", -1, 1), kind="measured", over={"weights": WEIGHTS})
def law_skill(weights):
    found = arrays("integers-bases")
    return [skill[found["difficulty"] == weights].mean() for skill in found["skill"].swapaxes(0, 1)]


@claims.add(
    "law.correlation.weights",
    "n mod q: rank correlation of held-out accuracy above chance, mean over training, with the number of weights, sign turned",
    form=CORRELATION, kind="measured",
)  # fmt: skip
def law_correlation_with_weights():
    return law.law_correlation(arrays("integers-bases"), "difficulty")


@claims.add(
    "law.correlation.q", "control: rank correlation of held-out accuracy above chance, mean over training, with q itself, sign turned",
    form=CORRELATION, kind="measured",
)  # fmt: skip
def law_correlation_with_q():
    return law.law_correlation(arrays("integers-bases"), "q")


@claims.add(
    "law.correlation.permuted-weights",
    "null: rank correlation of held-out accuracy above chance with the weights of each base permuted over q, 99th percentile",
    form=CORRELATION, kind="measured",
)  # fmt: skip
def law_correlation_with_permuted_weights():
    found = arrays("integers-bases")
    return [np.quantile(law.law_null(found, seed), 0.99) for seed in range(found["skill"].shape[1])]


# For each network the hypothesis that its answers are most like, mean over seeds, and how much

CALLERS = (
    *(Named(f"table.base-{base}", f"table, base {base}") for base in DECADE_BASES),
    *(Named(f"direct.{slug}", text) for slug, text in NETWORKS),
    *(Named(f"sparse.base-{base}", f"sparse, base {base}") for base in BASES),
    *(Named(f"composed.{block}", f"composed, {block}") for block in BLOCKS.values()),
)


def closest_to(network: Named) -> str:
    mean = prime_callers("agreement")[network.text].mean(axis=0)
    return closest(dict(zip(HYPOTHESES, mean, strict=True)))


@claims.add(
    "closest.{network.slug}", lambda network: f"{network.text}: closest to '{closest_to(network)}', agreement (MCC)", form=MCC,
    kind=lambda network: "recomputed" if network.slug.startswith("composed") else "measured", over={"network": CALLERS},
)  # fmt: skip
def closest_hypothesis(network):
    return prime_callers("agreement")[network.text][:, list(HYPOTHESES).index(closest_to(network))]
