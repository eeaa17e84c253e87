"""What the talk asks of the integers: its table, primality directly, sparse encodings, bases, sequences, the MU puzzle."""

from collections.abc import Sequence

import numpy as np

from ...numbers.hypotheses import FACTORS, HYPOTHESES, closest
from ...numbers.sequences import REGISTRY
from ...numbers.sparse import BASES, THEIRS, predict
from ...studies.arrays import Arrays
from ...studies.law import law_correlation, law_null
from ...studies.miu import study_all
from ...studies.primality import composed_all
from ...studies.sequences import by_kind
from ..evidence import seeds_of
from ..grids import DECADE_BASES, DECADE_SHARES, DIRECT, LAW_BASES, SEQUENCE_CONFIGS
from ..measure import measure, recorded
from . import Claim, claim
from .residues import BLOCKS

SHARE = DECADE_SHARES.index(0.8)
KNOWS = {"3": "2, 3", "3, 7": "primes to 7", "3, 7, 11": "primes to 11"}  # no number of the table is even or ends in 5
TASKS = tuple(config.task for config in SEQUENCE_CONFIGS[:-1])
BUSY_BEAVER = next(i for i, one in enumerate(REGISTRY) if one.number == "A060843")


def decades() -> Arrays:
    """`src.integer_studies.primality_outcome` on the talk's table: arrays (bases x shares, seeds, ...)."""
    return recorded("integers-decades")


def miu() -> Arrays:
    """`src.miu_network.study` of the committed seeds."""
    return measure("miu-study", study_all, seeds_of("miu"))


def composed(run: str) -> Arrays:
    """`src.integer_studies.composed_all` of the committed seeds: primality by composition on rows not trained on."""
    return measure(f"{run}-composed", composed_all, seeds_of(run))


class Rows:
    """Rows with one letter, numbered as they come."""

    def __init__(self, letter: str) -> None:
        self.letter, self.rows = letter, []

    def add(self, text: str, values: Sequence[float] | np.ndarray, **options) -> None:
        self.rows.append(claim(f"{self.letter}{len(self.rows) + 1}", text, values, **{"kind": "measured", **options}))


def decade_rows() -> list[Claim]:
    """D: the table in four bases and three train shares; H: oracles that know some divisors."""
    a, out, oracles = decades(), Rows("D"), Rows("H")
    at = {(base, share): i * len(DECADE_SHARES) + j for i, base in enumerate(DECADE_BASES) for j, share in enumerate(DECADE_SHARES)}
    names = list(HYPOTHESES)
    for base in DECADE_BASES:
        for share in DECADE_SHARES if base == 10 else (0.8,):
            i = at[base, share]
            for field, text in (("balanced", "balanced accuracy"), ("mcc", "MCC"), ("precision", "precision"), ("recall", "recall of primes"),
                                ("accuracy", "accuracy")):  # fmt: skip
                out.add(f"table, base {base}, {share:.0%} trained on: {text}", a[field][i], form=".3f")
        i = at[base, 0.8]
        for q in (3, 7, 11, 13):
            divides = base % q == 0
            out.add(f"base {base}: composites with least factor {q} recognised" + (f" ({q} divides {base})" if divides else ""),
                    a["by_factor"][i, :, FACTORS.index(q)], form=".1%", low=0.9 if divides else -np.inf,
                    why="few rows of the table have this least factor")  # fmt: skip
    i = at[10, 0.8]
    out.add(
        "base 10: composites with a least factor above 31 recognised (chance: those called composite by habit)",
        a["by_factor"][i, :, -1],
        form=".1%",
    )
    out.add("base 10, 80% trained on: accuracy on the training rows", a["train_accuracy"][i], form=".1%")
    oracles.add("table, always naming the more frequent class: accuracy", a["majority"][i].mean(), form=".3f")
    for label, name in KNOWS.items():
        j = names.index(name)
        oracles.add(f"table, oracle that knows {{{label}}}: MCC", a["oracle_mcc"][i, j], form=".3f")
        oracles.add(f"table, oracle that knows {{{label}}}: balanced accuracy", a["oracle_balanced"][i, j], form=".3f")
    return out.rows + oracles.rows


def direct_rows() -> list[Claim]:
    """Q: prime or not in one answer, by encoding, beside the residue networks' composed answer."""
    a, out = recorded("integers-primality"), Rows("Q")
    for i, name in enumerate(DIRECT):
        goal = dict(low=0.95, why="the network settles for the divisors that its digits show") if "residues" in name else {}
        out.add(f"n < 10,000, {name}: MCC, held out", a["mcc"][i], form=".3f", **goal)
        out.add(f"{name}: balanced accuracy", a["balanced"][i], form=".3f")
        out.add(f"{name}: recall of primes", a["recall"][i], form=".1%")
        out.add(f"{name}: recall of composites", a["recall_composites"][i], form=".1%")
        out.add(f"{name}: accuracy on training rows", a["train_accuracy"][i], form=".1%")
        if "residues" not in name:
            out.add(f"{name}: numbers at which it says what 'coprime to the base' says", a["rule"][i], form=".1%")
    for run, block in BLOCKS.items():
        c = composed(run)
        out.add(f"n < 12,769, composed of 29 residues ({block}): MCC, held out", c["mcc"], form=".4f", low=0.99, kind="recomputed")
        out.add(f"composed ({block}): recall of primes, held out", c["recall"], form=".2%", low=0.99, kind="recomputed")
        out.add(f"composed ({block}): recall of composites, held out", c["recall_composites"], form=".2%", low=0.99, kind="recomputed")
    return out.rows


def sparse_rows() -> list[Claim]:
    """E: the sparse encoding with four bases. The predictions, `src.sparse.predict`, were committed before any of these trainings."""
    a, few, out = recorded("integers-sparse"), recorded("integers-sparse-few"), Rows("E")
    for i, (base, said) in enumerate(zip(BASES, predictions(), strict=True)):
        anchor = "79% (Lee and Kim)" if base == THEIRS else "none"
        out.add(f"base {base}: recall of composites in [10⁶, 3·10⁶); the rule predicts {said:.1%}", a["recall_composites"][i], anchor=anchor,
                form=".1%", low=max(said - 0.02, 0), high=said + 0.02, why="the network does not follow the rule where the base shows next to nothing")  # fmt: skip
        out.add(f"base {base}: recall of primes; the rule predicts 100%", a["recall"][i], anchor="> 99% (Lee and Kim)" if base == THEIRS else "none",
                form=".1%", low=0.99, why="the network does not follow the rule where the base shows next to nothing")  # fmt: skip
        out.add(f"base {base}: numbers at which network and rule agree", a["rule"][i], form=".2%", low=0.99,
                why="as above")  # fmt: skip
        out.add(f"base {base}, a fifth of the rows and four times the steps: the same", few["rule"][i], form=".1%")
        out.add(f"base {base}, the same: accuracy on training rows", few["train_accuracy"][i], form=".1%")
    return out.rows


def law_rows() -> list[Claim]:
    """B: which n mod q are learned in which base."""
    a, out = recorded("integers-bases"), Rows("B")
    for d in range(int(a["difficulty"].max()) + 1):
        there = a["difficulty"] == d
        if there.any():
            text = {0: "q divides the base", 1: "base = 1 mod q", 2: "order 2"}.get(d, f"{d} weights")
            out.add(f"{text} ({int(there.sum())} tasks in {len(LAW_BASES)} bases): held-out accuracy above chance, mean over training",
                    [a["skill"][:, s][there].mean() for s in range(a["skill"].shape[1])], form=".2f")  # fmt: skip
    out.add("rank correlation of that skill with the number of weights, sign turned", law_correlation(a, "difficulty"), form=".2f", low=0.6)
    out.add("control: the same with q itself", law_correlation(a, "q"), form=".2f")
    null = [np.quantile(law_null(a, seed), 0.99) for seed in range(a["skill"].shape[1])]
    out.add("null: the weights of each base permuted over q, 99th percentile", null, form=".2f")
    return out.rows


def sequence_rows() -> list[Claim]:
    """Z: the four tasks, and the road from trivial to impossible; C: the compressor and the most frequent answer, which have no seeds."""
    a, out, others = recorded("integers-sequences"), Rows("Z"), Rows("C")
    for i, task in enumerate(TASKS):
        out.add(f"{task}: held-out accuracy", a["overall"][i], form=".1%")
        others.add(f"{task}: the compressor's accuracy", a["compressor_overall"][i], form=".1%")
        others.add(f"{task}: always the answer most frequent in training", a["common"][i], form=".1%")
    for task in ("classify", "compare"):
        out.add(f"{task}, by class of sequences: held-out accuracy", a["second"][TASKS.index(task)], form=".1%")
    out.add("continue, control, labels permuted: held-out accuracy", a["overall"][-1], form=".1%", high=0.2)
    for task in ("continue", "unmask"):
        found = a["network"][TASKS.index(task)][:, BUSY_BEAVER]
        out.add(
            f"{task}: S(5) = {REGISTRY[BUSY_BEAVER].terms(5)[-1]:,} of the busy beaver, modulo 97, right (1) or not (0)", found, form=".0f"
        )
    i = TASKS.index("continue")
    theirs = by_kind(a["compressor"][i])
    for kind, values in by_kind(a["network"][i]).items():
        out.add(f"continue, {kind}: held-out accuracy (compressor: {theirs[kind]:.0%})", values, form=".1%")
    return out.rows + others.rows


def miu_rows() -> list[Claim]:
    """U: the network on the MIU system and the algorithm read out of it."""
    a, out = miu(), Rows("U")
    null = recorded("integers-miu")
    live = a["share"] > 0.01
    rows = [
        ("words of 2,047 called wrongly", a["network_wrong"], dict(low=0, high=1, form=".0f")),
        ("variance of the answer that the number of I's explains", a["by_count"], dict(low=0.98, form=".1%")),
        ("pre-activations of neurons that matter: variance that is affine in that number, least", [f[on].min() for f, on in zip(a["affine"], live, strict=True)],
         dict(low=0.98, form=".1%", why="attention is not quite an average")),
        ("the hinges alone, run without the network: words wrong", a["hinges_wrong"], dict(high=10, form=".0f", why="the fit of each neuron is to all words alike")),
        ("words on which hinges and network agree", a["agreement"], dict(low=0.99, form=".1%", why="as above")),
        ("neurons with which the hinges do as well", a["hinges_used"], dict(form=".0f")),
        ("attention's output taken from a word with as many I's: answer kept", a["same"], dict(low=0.99, form=".1%", why="attention is not quite an average")),
        ("taken from a word of the other kind: answer becomes that word's", a["other"], dict(low=0.99, form=".1%", why="attention is not quite an average")),
        ("control, that vector with random signs: the same", a["random"], dict(high=0.7, form=".1%")),
    ]  # fmt: skip
    for text, values, options in rows:
        out.add(text, values, kind="recomputed", **options)
    out.add("control, labels permuted: held-out accuracy", null["valid_accuracy"][0], form=".1%", high=0.7)
    return out.rows


def predictions() -> list[float]:
    """Recall of composites by the rule, for each base of the sparse encoding."""
    return [predict(base)["recall_composites"] for base in BASES]


def networks(field: str) -> dict[str, np.ndarray]:
    """Every network that says which numbers are prime, by name: its `agreement` (seeds, hypotheses) or `by_factor` (seeds, 12)."""
    table, direct, sparse = (recorded(f"integers-{name}")[field] for name in ("decades", "primality", "sparse"))
    return {
        **{f"table, base {base}": table[i * len(DECADE_SHARES) + SHARE] for i, base in enumerate(DECADE_BASES)},
        **{name: direct[i] for i, name in enumerate(DIRECT)},
        **{f"sparse, base {base}": sparse[i] for i, base in enumerate(BASES)},
        **{f"composed, {block}": composed(run)[field] for run, block in BLOCKS.items()},
    }


def hypothesis_rows() -> list[Claim]:
    """W: for each network the hypothesis that its answers are most like, mean over seeds, and how much."""
    out, names = Rows("W"), list(HYPOTHESES)
    for name, values in networks("agreement").items():
        best = closest(dict(zip(names, values.mean(axis=0), strict=True)))
        kind = "recomputed" if name.startswith("composed") else "measured"
        out.add(f"{name}: closest to '{best}', agreement (MCC)", values[:, names.index(best)], form=".3f", kind=kind)
    return out.rows


def rows() -> list[Claim]:
    """Every number of the integers."""
    return decade_rows() + direct_rows() + sparse_rows() + law_rows() + hypothesis_rows() + sequence_rows() + miu_rows()
