"""Results of several measurements put together, for claims, figures, tables and the documents."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..circuits.by_hand import Neurons
from ..network.presets import preset
from ..network.runs import Run, committed_seeds, load_run
from ..numbers.integers import primes_below
from ..studies.alphabet import LEAST, NEW_P, moved_as_predicted, unusable
from ..studies.arrays import Arrays, stack, unstack
from ..studies.by_hand import P113, WRITERS
from ..studies.composition import Confusion, divisors, placed_at_random, primality_counts
from ..studies.growth import operations
from ..studies.outcomes import outcome, wrong_cells
from ..studies.residues import analyse
from ..studies.shared import frequency_agreement
from ..studies.torus import balance, resultants
from .grids import (
    CAUSES,
    DECADE_BASES,
    DECADE_SHARES,
    DIRECT,
    EXACT,
    GROWTH_P,
    GROWTH_SHARES,
    GROWTH_WIDTHS,
    LARGE_P,
    ROWS_P,
    SPARSE_BASES,
    SWEPT_P,
)
from .reads import note, remembered
from .registry import MEASUREMENTS, arrays

BLOCKS = {"paper": "simplified", "paper-standard": "standard"}
NETWORKS = {"laptop": "p = 53, standard", "paper": "p = 113, simplified", "paper-standard": "p = 113, standard"}


@remembered
def runs_of(run: str) -> tuple[Run, ...]:
    """Every committed seed of a run, loaded once."""
    note(run)
    return tuple(load_run(run, seed) for seed in committed_seeds(run))


def by_block(result: str) -> dict[str, Arrays]:
    """A result of both networks at p = 113, by the name of their block: `by_block("analysis")`."""
    return {block: arrays(f"{run}-{result}") for run, block in BLOCKS.items()}


def neurons_of(run: str, seed: int = 0) -> Neurons:
    """`studies.algorithm.extract` of a committed run."""
    found = arrays(f"{run}-neurons")
    at = committed_seeds(run).index(seed)
    return Neurons(*(found[name][at] for name in Neurons._fields))


@remembered
def tilings(run: str) -> list[Arrays]:
    """`studies.torus.balance` of every committed seed of a run, and its `resultants` as `sum` and `difference`."""
    out = []
    for seed in committed_seeds(run):
        neurons = neurons_of(run, seed)
        total, difference = resultants(neurons)
        out.append({**balance(neurons), "sum": np.asarray(total), "difference": np.asarray(difference)})
    return out


def new_alphabets() -> Arrays:
    """The rule at the p of `NEW_P`, one network each: rank correlations `others`, `alone` (with what had been predicted), and the 99th
    percentiles `others_null`, `alone_null` where use, or the prediction, is permuted within primes; (P,) each."""
    found, foretold = arrays("alphabet-new-p"), arrays("alphabet-predictions")
    alone = [frequency_agreement(foretold[str(p)], found[f"{p} use"][0], p, least=LEAST) for p in NEW_P]
    return {
        "others": np.asarray([found[f"{p} others"][0] for p in NEW_P]), "alone": np.asarray(alone),
        "others_null": np.asarray([np.quantile(found[f"{p} null"], 0.99) for p in NEW_P]),
        "alone_null": np.asarray([np.quantile(found[f"{p} alone_null"], 0.99) for p in NEW_P]),
    }  # fmt: skip


TAKEN = {"small primes": 1, "large primes": 2, "letter": 4}  # what is taken away from training, and where in `CAUSES`


@remembered
def moved_alphabets(taken: str) -> Arrays:
    """`studies.alphabet.moved_as_predicted` where something is taken away, by seed: `moved`, of those networks from the mean of networks
    trained on all; `unmoved`, of each of the latter from the mean of the others; `null`, 99th percentile of the prediction permuted."""
    use, config = arrays("alphabet-causes")["use"], CAUSES[TAKEN[taken]]
    gone, whole = unusable(config), use[0]
    start = whole.mean(axis=0)
    null = [[moved_as_predicted(start, one, config.p, gone, seed=i) for i in range(200)] for one in use[TAKEN[taken]]]
    rest = [np.delete(whole, i, axis=0).mean(axis=0) for i in range(len(whole))]
    return {
        "moved": np.asarray([moved_as_predicted(start, one, config.p, gone) for one in use[TAKEN[taken]]]),
        "unmoved": np.asarray([moved_as_predicted(others, one, config.p, gone) for others, one in zip(rest, whole, strict=True)]),
        "null": np.quantile(null, 0.99, axis=1),
    }


NULL_COURSE = "labels permuted"


def courses() -> dict[str, Arrays]:
    """`studies.formation.formation` by name, arrays (networks, S): three seeds at p = 53, one of each block at p = 113, and three seeds at
    p = 53 whose labels were permuted over the rows."""
    found = arrays("algorithm-formation")
    seeds = len(found["step"]) // 2
    learned, null = ({k: v[part] for k, v in found.items()} for part in (slice(seeds), slice(seeds, None)))
    return {"p = 53": learned, "p = 113": arrays("algorithm-formation-113"), NULL_COURSE: null}


def clocks_and_pizzas() -> dict[str, Arrays]:
    """Clock or pizza for both optimisers and both blocks: by name, arrays (seeds,)."""
    blocks = arrays("addition-blocks")
    simplified = [{name: blocks[name][i] for name in ("gradient_symmetricity", "distance_irrelevance")} for i in (0, 1)]
    return {
        "AdamW, standard": arrays("addition-analysis"), "Muon, standard": arrays("addition-muon-analysis"),
        "AdamW, simplified": simplified[0], "Muon, simplified": simplified[1],
    }  # fmt: skip


def hand_margins() -> dict[str, np.ndarray]:
    """Margins of the networks written by hand, at quantiles: by name."""
    return {f"{kind}, {block}": arrays("hand-written")[f"{kind}, {block}"] for kind in WRITERS for block in P113}


def certificates() -> dict[str, Arrays]:
    """`studies.certificate.certify_run` of each network, by name."""
    runs = {"p = 53": "laptop", "p = 113, simplified": "paper", "p = 113, standard": "paper-standard"}
    return {name: arrays(f"{run}-certificate") for name, run in runs.items()}


def over_p() -> tuple[Arrays, tuple[int, ...]]:
    """Steps to generalise and wrong cells over all p tried, those beyond 113 among them: arrays (p, seeds), and the p."""
    a, b = arrays("residues-p"), arrays("residues-large-p")
    return {name: np.concatenate([a[name], b[name]]) for name in ("steps_to_generalise", "wrong_cells", "step")}, SWEPT_P + LARGE_P


def beyond() -> dict[str, tuple[Arrays, tuple[int, ...]]]:
    """The same of the committed networks of the preset `wide`, by what they have that those of `over_p` do not."""
    runs = runs_of("wide")
    config = runs[0].config
    return {f"width {config.d_model}, batches": (outcome([list(runs)]), (config.p,))}


# What is varied: in which sweep, at which p, over which values, and what the networks of `residues-p` have of it.
_WHOLE = preset("paper-standard")
_GROWN = {
    "width": ("scale-widths", GROWTH_P, GROWTH_WIDTHS, _WHOLE.d_model),
    "share": ("scale-rows", ROWS_P, GROWTH_SHARES, _WHOLE.train_fraction),
}


def wrong_over(what: str) -> tuple[tuple[int, ...], np.ndarray, np.ndarray]:
    """For the "width" of the stream, or the "share" of the rows trained on: the p at which it is varied (P), its values in ascending order
    (V,), and the wrong cells with each: (P, V, seeds)."""
    sweep, p, tried, full = _GROWN[what]
    wrong = arrays(sweep)["wrong_cells"].reshape(len(p), len(tried), -1)
    wrong = np.concatenate([wrong, arrays("residues-p")["wrong_cells"][[SWEPT_P.index(one) for one in p]][:, None]], axis=1)
    order = np.argsort((*tried, full))
    return p, np.asarray((*tried, full), float)[order], wrong[:, order]


def grown() -> dict[str, tuple[tuple[int, ...], np.ndarray, np.ndarray]]:
    """`wrong_over` for all that is varied, by what it is called."""
    return {name: wrong_over(what) for name, what in (("width of the stream", "width"), ("share of the rows trained on", "share"))}


def exact_of(block: str) -> Arrays:
    """The sweep of the preset without wrong cells: `studies.outcomes.errors`."""
    return arrays({"simplified": "scale-exact", "standard": "scale-exact-standard"}[block])


def errors_over_compute() -> dict[str, dict[str, list[tuple[np.ndarray, np.ndarray]]]]:
    """By block and by preset, of every seed: how many operations training has taken (`studies.growth.operations`) at each evaluation,
    and the wrong cells then, each (C,)."""
    out: dict[str, dict[str, list[tuple[np.ndarray, np.ndarray]]]] = {}
    for run, block in BLOCKS.items():
        exact = exact_of(block)
        seeds = {
            run: [(one.metrics["step"], wrong_cells(one)) for one in runs_of(run)],
            EXACT[block].run: [(s[s >= 0], w[s >= 0]) for s, w in zip(exact["course_step"], exact["course_wrong"], strict=True)],
        }
        rows, outputs = len(runs_of(run)[0].dataset.train_idx), int(sum(primes_below(preset(run).p)))
        cost = {name: operations(rows, preset(name).d_model, preset(name).d_mlp, outputs) for name in seeds}
        out[block] = {name: [(cost[name] * step, wrong) for step, wrong in found] for name, found in seeds.items()}
    return out


def circuits_of(run: str) -> list[Arrays]:
    """`studies.circuits.study` of every committed seed of a run."""
    return unstack(arrays(f"{run}-circuits"))


def circuit_of(run: str, q: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The circuit of task q in seed 0 of a run: names of all edges, which are kept, and their scores."""
    a, index = circuits_of(run)[0], list(primes_below(preset(run).p)).index(q)
    return a["edges"], a["circuit"][index], a["scores"][index]


SHARE = DECADE_SHARES.index(0.8)  # of the talk's table, where one share stands for all


def prime_callers(field: str) -> dict[str, np.ndarray]:
    """Every network that says which numbers are prime, by name: its `agreement` (seeds, hypotheses) or `by_factor` (seeds, 12)."""
    table, direct, sparse = (arrays(f"integers-{name}")[field] for name in ("decades", "primality", "sparse"))
    return {
        **{f"table, base {base}": table[i * len(DECADE_SHARES) + SHARE] for i, base in enumerate(DECADE_BASES)},
        **{name: direct[i] for i, name in enumerate(DIRECT)},
        **{f"sparse, base {base}": sparse[i] for i, base in enumerate(SPARSE_BASES)},
        **{f"composed, {block}": found[field] for block, found in by_block("composed").items()},
    }


class Block:
    """The networks of one block at p = 113 and what is measured on them: the committed seeds of a run, or one run of a reader's own,
    which may be of any p."""

    def __init__(self, run: str, own: Run | None = None) -> None:
        self.run, self.own = run, own

    def __str__(self) -> str:
        return BLOCKS.get(self.run, self.run)

    @property
    def committed(self) -> bool:
        """Whether there are committed seeds of that config."""
        return self.run in NETWORKS

    @property
    def runs(self) -> tuple[Run, ...]:
        return runs_of(self.run) if self.own is None else (self.own,)

    @property
    def p(self) -> int:
        return preset(self.run).p if self.own is None else self.own.config.p

    @property
    def cells(self) -> int:
        """Predictions of one network on all n < p**2."""
        return self.p**2 * len(primes_below(self.p))

    @remembered
    def found(self, kind: str, study: Callable[[Run], Arrays]) -> Arrays:
        """What a study says of each of these networks, arrays (seeds, ...): as recorded of the committed ones, else computed."""
        if self.own is None and f"{self.run}-{kind}" in MEASUREMENTS:
            return arrays(f"{self.run}-{kind}")
        return stack([study(run) for run in self.runs])

    @property
    def analysis(self) -> Arrays:
        """`studies.residues.analyse`: arrays (seeds, ...)."""
        return self.found("analysis", analyse)

    @property
    def confusions(self) -> list[Confusion]:
        """Primality by composition, one a seed."""
        return [Confusion(*(int(n) for n in row)) for row in self.found("primality", primality_counts)["counts"]]

    @property
    def divisors(self) -> np.ndarray:
        """`studies.composition.divisors`: counts (seeds, T + 1, T + 1)."""
        return self.found("divisors", divisors)["counts"]

    @property
    def placed(self) -> np.ndarray:
        """`studies.composition.placed_at_random`: how often its wrong residues would do no harm elsewhere, (seeds,)."""
        return self.found("placed", placed_at_random)["clean"]

    def own_task(self, field: str) -> np.ndarray:
        """The diagonal of a (seeds, T, T) field of the analysis, each prime's own task: (seeds, T)."""
        return np.diagonal(self.analysis[field], axis1=1, axis2=2)

    @classmethod
    def of(cls, run: Run) -> "Block":
        """The block of any run on all residue tasks, called by the committed run of the same config if there is one. Raises `ValueError`
        for another task, more layers, or where primes are left out."""
        config = run.config
        if config.task != "residues" or config.n_layers != 1 or run.dataset.widths != tuple(int(q) for q in primes_below(config.p)):
            raise ValueError(f"run {config.run!r} has no rows of its own: they are about one layer trained on all residue tasks")
        same = (name for name in NETWORKS if replace(preset(name), run=config.run, seed=config.seed) == config)
        return cls(next(same, config.run), run)


COMMITTED = tuple(Block(run) for run in BLOCKS)
