"""The algorithm: phases of the trained networks, networks written by hand, certificates, and the race in bits."""

import numpy as np

from ...circuits.by_hand import phase_neurons
from ...network.presets import preset
from ...network.tasks import make_dataset
from ...studies.by_hand import GROWTH_P, P113, WRITERS
from ...studies.certificate import RANKS
from ...studies.description import BITS, growth
from ...studies.lattice import ARRANGEMENTS
from ..evidence import BLOCKS as RUNS
from ..evidence import COMMITTED, NETWORKS, Block
from ..registry import arrays
from .claim import COUNT, RATIO, Claims, Form, at_least, at_most, exactly, fraction, share

claims = Claims("algorithm")
BLOCKS = {"block": COMMITTED}
_RACED = {"run": tuple(NETWORKS)}

# --- read out of the trained networks


@claims.add(
    "{block}.phases",
    "{block}: phases: median of |psi - phi0 - phi1| over neurons (random: 1.57)",
    form=Form(".3f", 0, np.pi),
    goal=at_most(0.1),
    over=BLOCKS,
)
def phases(block: Block):
    return np.median(block.analysis["phase_error"], axis=1)


# --- a construction that is exact, and proves nothing of the network


_REGROUPED = {"": ("regrouped_wrong", ""), ".null": ("null_regrouped_wrong", "null, from permuted weights: ")}


@claims.add(
    "{block}.regrouped.wrong-cells{null}",
    lambda block, run, null: f"{block}: {_REGROUPED[null][1]}the waves in use with evenly spread phases: wrong cells, of any waves",
    form=COUNT,
    over=[{"block": block, "run": run, "null": null} for run, block in RUNS.items() for null in _REGROUPED],
)
def regrouped_wrong_cells(block: str, run: str, null: str):
    return arrays(f"{run}-ladder")[_REGROUPED[null][0]]


# --- written by hand

_BY_HAND = {"block": tuple(P113), "kind": tuple(WRITERS)}


@claims.add(
    "by-hand.{kind}.{block}.wrong-cells", "written by hand ({kind}, {block}): wrong cells", form=COUNT, goal=exactly(0), over=_BY_HAND
)
def by_hand_wrong_cells(block: str, kind: str):
    return arrays("hand-written")[f"{kind}, {block} wrong"]


@claims.add(
    "by-hand.{kind}.{block}.margin",
    "written by hand ({kind}, {block}): smallest margin",
    form=Form(".1e"),
    goal=at_least(1e-9),
    over=_BY_HAND,
)
def by_hand_margin(block: str, kind: str):
    return arrays("hand-written")[f"{kind}, {block} smallest"]


@claims.add(
    "by-hand.{kind}.{block}.cost",
    "written by hand ({kind}, {block}): least sum of squares at a margin of 1 (1st percentile)",
    form=COUNT,
    over=_BY_HAND,
)
def by_hand_cost(block: str, kind: str):
    return arrays("hand-written")[f"{kind}, {block} cost"]


@claims.add(
    "{block}.cost",
    "{block}, trained: least sum of squares at a margin of 1 (1st percentile)",
    form=COUNT,
    over=[{"block": block, "run": run} for run, block in RUNS.items()],
)
def cost(block: str, run: str):
    return arrays(f"{run}-cost")["cost"]


@claims.add("by-hand.phase.neurons", "neurons of the phase network", form=COUNT)
def phase_network_neurons():
    return len(phase_neurons(preset("paper").p).q)


@claims.add("by-hand.carry.neurons", "neurons of the carry network", form=COUNT)
def carry_network_neurons():
    return 2 * len(make_dataset(preset("paper")).widths)


# --- how phases are spread

FREQUENCIES = (1, 4)  # of a prime, those of `studies.lattice.compare`
_SPREAD = [{"spread": name, "frequencies": count} for name in ARRANGEMENTS for count in FREQUENCIES]


@claims.add(
    "by-hand.spread.{spread}.{frequencies}.cost",
    "written by hand, {spread}, {frequencies} frequencies a prime at most: least sum of squares at a margin of 1 (1st percentile)",
    form=COUNT,
    over=_SPREAD,
)
def spread_cost(spread: str, frequencies: int):
    return arrays("lattice")["cost"][FREQUENCIES.index(frequencies), list(ARRANGEMENTS).index(spread)]


@claims.add(
    "by-hand.lattice.margin",
    "written by hand: smallest margin of the lattice of 14 phases over that of 5 equal phases, q = 109",
    form=COUNT,
)
def lattice_margin():
    smallest = arrays("lattice")["smallest"][0, :, -1]
    return smallest[list(ARRANGEMENTS).index("lattice of 14")] / smallest[list(ARRANGEMENTS).index("5 equal phases")]


# --- certificates


@claims.add(
    "certificate.{kind}.{block}.proved",
    "certificate, {kind} network, {block}: proved accuracy, worst task",
    form=share(0),
    goal=exactly(1),
    over=_BY_HAND,
)
def certificate_proved(block: str, kind: str):
    return arrays("hand-written")[f"{kind}, {block} bound"]


@claims.add(
    "certificate.{kind}.{block}.saving",
    "certificate, {kind} network, {block}: brute force over operations",
    form=Form(".0f", 0),
    goal=at_least(1),
    over=_BY_HAND,
)
def certificate_saving(block: str, kind: str):
    return arrays("hand-written")[f"{kind}, {block} saving"]


@claims.add(
    "certificate.{kind}.growth",
    "certificate, {kind} network: brute force over operations grows like p to the power",
    form=Form(".2f"),
    over={"kind": tuple(WRITERS)},
)
def certificate_growth(kind: str):
    return growth(np.asarray(GROWTH_P), arrays("hand-written")[f"{kind} over p"])


_RANK = 3  # of RANKS: the one whose proof is quoted
_TRAINED = [{"run": run, "name": RUNS.get(run, "p = 53")} for run in NETWORKS]


@claims.add(
    "certificate.{run}.own",
    "certificate, trained, {name}: own neurons evaluated, others bounded: proved accuracy, mean over tasks",
    form=share(),
    goal=at_least(0.5),
    over=_TRAINED,
    why="the neurons of other primes are bounded by their ranges, all at their worst at once",
)
def certificate_own(run: str, name: str):
    return arrays(f"{run}-certificate")["own"]


@claims.add(
    "certificate.{run}.full",
    "certificate, trained, {name}: stream from tables, unembedding in full: proved accuracy, mean over tasks",
    form=share(4),
    goal=at_least(0.999),
    over=_TRAINED,
)
def certificate_full(run: str, name: str):
    return arrays(f"{run}-certificate")["by_rank"][:, -1]


@claims.add(
    "certificate.{run}.full.saving",
    "certificate, trained, {name}: that proof: brute force over operations",
    form=RATIO,
    goal=at_least(1),
    over=_TRAINED,
)
def certificate_full_saving(run: str, name: str):
    return arrays(f"{run}-certificate")["by_rank_saving"][:, -1]


@claims.add(
    "certificate.{run}.rank",
    f"certificate, trained, {{name}}: unembedding at rank {RANKS[_RANK]} a task: proved accuracy",
    form=share(),
    goal=at_least(0.5),
    over=_TRAINED,
    why="Cauchy and Schwarz add up 256 dimensions as if they all conspired",
)
def certificate_rank(run: str, name: str):
    return arrays(f"{run}-certificate")["by_rank"][:, _RANK]


@claims.add(
    "certificate.{run}.rank.saving",
    f"certificate, trained, {{name}}: rank {RANKS[_RANK]}: brute force over operations",
    form=RATIO,
    goal=at_least(1),
    over=_TRAINED,
)
def certificate_rank_saving(run: str, name: str):
    return arrays(f"{run}-certificate")["by_rank_saving"][:, _RANK]


# --- the race (R10)


@claims.add("race.{run}.formula", lambda run: f"{NETWORKS[run]}: bits of the closed formula at 8 bits a strength", form=COUNT, over=_RACED)
def race_formula(run: str):
    return arrays(f"{run}-race")["formula_bits"][:, BITS.index(8)]


@claims.add(
    "race.{run}.formula.share",
    lambda run: f"{NETWORKS[run]}: variance of the network's logits in those bits",
    form=fraction(),
    over=_RACED,
)
def race_formula_share(run: str):
    return arrays(f"{run}-race")["formula_share"][:, BITS.index(8)]


@claims.add(
    "race.{run}.formula.coarse",
    lambda run: f"{NETWORKS[run]}: the same at 1 bit a strength: variance",
    form=Form(".3f", high=1),
    over=_RACED,
)
def race_formula_coarse(run: str):
    return arrays(f"{run}-race")["formula_share"][:, 0]


@claims.add(
    "race.{run}.network", lambda run: f"{NETWORKS[run]}: bits of the weights, rounded, that have as much of those logits", form=COUNT,
    over=_RACED,
)  # fmt: skip
def race_network(run: str):
    return arrays(f"{run}-race")["as_good"]


@claims.add(
    "race.{run}.ratio", lambda run: f"{NETWORKS[run]}: bits of the weights over bits of the formula, at that share", form=Form(",.0f", 0),
    over=_RACED,
)  # fmt: skip
def race_ratio(run: str):
    a = arrays(f"{run}-race")
    return a["as_good"] / a["formula_bits"][:, BITS.index(8)]
