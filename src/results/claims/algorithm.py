"""The algorithm: phases and read-out of the trained networks, networks written by hand, certificates, and the race in bits."""

import numpy as np

from ...circuits.by_hand import phase_neurons
from ...network.presets import preset
from ...network.tasks import make_dataset
from ...studies.by_hand import GROWTH_P, P113, WRITERS
from ...studies.certificate import RANKS
from ...studies.description import growth
from ..evidence import BLOCKS as RUNS
from ..evidence import COMMITTED, NETWORKS, Block
from ..grids import SWEPT_P
from ..registry import arrays
from .claim import COUNT, RATIO, Claims, Form, at_least, at_most, exactly, share

claims = Claims("algorithm")
BLOCKS = {"block": COMMITTED}

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


@claims.add(
    "{block}.as-read",
    "{block}: the nine numbers of each neuron, run as read: cells right",
    form=share(),
    goal=exactly(1),
    over=BLOCKS,
    why="neurons of other primes correct what a prime's few neurons leave unbalanced, and this reading drops their share",
)
def as_read(block: Block):
    cells = block.analysis["accuracy"].shape[1] * block.runs[0].config.p ** 2
    return 1 - block.analysis["extracted_wrong"] / cells


@claims.add(
    "{block}.regrouped.wrong-cells",
    "{block}: one strength for each (q, k), phases evenly spread: wrong cells",
    form=COUNT,
    anchor="95.5% right (idealised, addition)",
    goal=exactly(0),
    over=BLOCKS,
)
def regrouped_wrong_cells(block: Block):
    return block.analysis["regrouped_wrong"]


@claims.add(
    "{block}.regrouped.agreement",
    "{block}: agreement of the regrouped algorithm with the network, cell by cell",
    form=share(4),
    goal=at_least(0.9999),
    over=BLOCKS,
)
def regrouped_agreement(block: Block):
    return block.analysis["agreement"]


@claims.add(
    "{block}.regrouped.margin",
    "{block}: smallest margin of the regrouped algorithm (logits)",
    form=Form(".2f"),
    goal=at_least(0.01),
    over=BLOCKS,
)
def regrouped_margin(block: Block):
    return block.analysis["regrouped_margin"]


@claims.add("{block}.regrouped.numbers", "{block}: numbers that the regrouped algorithm has", form=COUNT, over=BLOCKS)
def regrouped_numbers(block: Block):
    return block.analysis["numbers"]


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

_WHAT = {"network": "the network", "algorithm": "the algorithm read out of it", "table": "the table of all residues"}
_AT_113 = SWEPT_P.index(113)


@claims.add(
    "race.growth.{what}",
    lambda what: f"bits of {_WHAT[what]} ~ p^e, over the p where the network generalises: e",
    form=Form(".2f"),
    kind="measured",
    over={"what": tuple(_WHAT)},
)
def race_growth(what: str):
    a = arrays("residues-p")
    learned = (a["algorithm_wrong"] == 0).all(axis=1) & (a["valid_accuracy"] > 0.99).all(axis=1)
    return [growth(np.asarray(SWEPT_P)[learned], bits[learned]) for bits in a[f"{what}_bits"].T]


@claims.add("race.bits.{what}", lambda what: f"p = 113: bits of {_WHAT[what]}", form=COUNT, kind="measured", over={"what": tuple(_WHAT)})
def race_bits(what: str):
    return arrays("residues-p")[f"{what}_bits"][_AT_113]


@claims.add(
    "race.bits.ratio", "p = 113: bits of the network over bits of the algorithm", form=Form(",.0f", 0), goal=at_least(100), kind="measured"
)
def race_bits_ratio():
    a = arrays("residues-p")
    return (a["network_bits"] / a["algorithm_bits"])[_AT_113]


@claims.add(
    "race.seconds",
    "p = 113: seconds to train over seconds to read and run the algorithm",
    form=Form(",.0f", 0),
    goal=at_least(1),
    kind="measured",
)
def race_seconds():
    a = arrays("residues-p")
    return (a["train_seconds"] / a["extract_seconds"])[_AT_113]


@claims.add(
    "race.precision.network", "bits a parameter at which the network keeps its accuracy, p = 113", form=Form(".0f", 1), kind="measured"
)
def race_precision_network():
    return arrays("residues-p")["network_precision"][_AT_113]


@claims.add(
    "race.precision.algorithm", "bits a strength at which the algorithm keeps its accuracy, p = 113", form=Form(".0f", 1), kind="measured"
)
def race_precision_algorithm():
    return arrays("residues-p")["algorithm_precision"][_AT_113]
