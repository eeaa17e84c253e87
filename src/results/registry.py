"""Every result by name: `arrays("paper-analysis")`.

`MEASUREMENTS` lists what is computed from committed runs, `results.sweeps` what was recorded from trainings that are not committed.
"""

import sys
from functools import cache
from pathlib import Path

from ..network.checkpoint import atomic_write
from ..network.paths import command, measurements
from ..studies import (
    addition,
    alphabet,
    apart,
    bases,
    by_hand,
    cancellation,
    certificate,
    circuits,
    clusters,
    composition,
    description,
    ladder,
    lattice,
    miu,
    mixing,
    positions,
    primality,
    residues,
    scrubbing,
    shared,
    wide,
)  # fmt: skip
from ..studies.algorithm import read_neurons
from ..studies.arrays import Arrays
from . import store
from .measure import Measurement, cache_folder, compute, recorded, status
from .reads import note, remembered
from .sweeps import SWEEPS

_P113 = ("paper", "paper-standard")
_RESIDUES = ("laptop", *_P113)

MEASUREMENTS: dict[str, Measurement] = {
    **{f"{run}-analysis": Measurement(addition.analyse, run) for run in ("addition", "addition-muon")},
    **{f"{run}-analysis": Measurement(residues.analyse, run) for run in _RESIDUES},
    **{f"{run}-neurons": Measurement(read_neurons, run) for run in _RESIDUES},
    **{f"{run}-ladder": Measurement(ladder.ladder, run) for run in _RESIDUES},
    **{f"{run}-causal": Measurement(scrubbing.scrub, run) for run in _RESIDUES},
    **{f"{run}-cancellation": Measurement(cancellation.cancel, run) for run in _RESIDUES},
    **{f"{run}-apart": Measurement(apart.apart, run) for run in _RESIDUES},
    **{f"{run}-mixing": Measurement(mixing.two_waves, run) for run in _RESIDUES},
    **{f"{run}-alphabet": Measurement(alphabet.alphabet, run, together=True) for run in _RESIDUES},
    **{f"{run}-race": Measurement(description.race, run) for run in _RESIDUES},
    **{f"{run}-bases": Measurement(bases.compare, run) for run in _P113},
    **{f"{run}-shared": Measurement(shared.compare, run, together=True) for run in _P113},
    **{f"{run}-cost": Measurement(by_hand.cost, run) for run in _P113},
    **{f"{run}-primality": Measurement(composition.primality_counts, run) for run in _P113},
    **{f"{run}-placed": Measurement(composition.placed_at_random, run) for run in _P113},
    **{f"{run}-divisors": Measurement(composition.divisors, run) for run in _P113},
    **{f"{run}-composed": Measurement(primality.composed, run) for run in _P113},
    **{f"{run}-certificate": Measurement(certificate.certify_run, run) for run in _RESIDUES},
    **{f"{run}-circuits": Measurement(circuits.study, run) for run in _RESIDUES},
    **{f"{run}-positions": Measurement(positions.position_edges, run) for run in _RESIDUES},
    "laptop-circuit-methods": Measurement(circuits.methods_study, "laptop"),
    "laptop-clusters": Measurement(clusters.study_clusters, "laptop"),
    "circuits-compiled": Measurement(circuits.compiled, data=circuits.COMPILED_DATA),
    "hand-written": Measurement(by_hand.hand_written, data=by_hand.DATA),
    "lattice": Measurement(lattice.compare),
    "alphabet-predictions": Measurement(alphabet.predictions),
    "miu-study": Measurement(miu.study, "miu"),
    "wide-pieces": Measurement(wide.take_apart, "wide"),
}

# What is recorded once, and the command that makes it: sweeps, the comparison with other programs, and speed beside them.
RECORDED = {**{name: command(f"sweeps {name}") for name in SWEEPS}, "peers": "make peers", "speed-cpu": "make speed"}


@remembered
def arrays(name: str) -> Arrays:
    """A result by name, read-only: from its file, or computed now if no file is fresh. Raises `KeyError` naming the results there are."""
    note(name)
    found = measured(name) if name in MEASUREMENTS else _recorded(name)
    for value in found.values():
        value.flags.writeable = False
    return found


def _recorded(name: str) -> Arrays:
    if name not in RECORDED:
        raise KeyError(f"no result {name!r}; there are {', '.join((*MEASUREMENTS, *RECORDED))}")
    return recorded(name, RECORDED[name])


@cache
def stale_names() -> tuple[str, ...]:
    """The measurements that have no fresh file, as this process first found them."""
    return tuple(name for name, measurement in MEASUREMENTS.items() if status(name, measurement).path is None)


def measured(name: str, *, folder: Path | None = None, force: bool = False) -> Arrays:
    """A measurement from its fresh file; else computed now, said aloud, and written to `folder`, by default the untracked cache."""
    measurement = MEASUREMENTS[name]
    now = status(name, measurement)
    if now.path is not None and not force:
        return store.read(now.path)[0]
    stale = stale_names()
    place = f" ({stale.index(name) + 1} of {len(stale)})" if name in stale else ""
    seconds = now.provenance.get("seconds")
    print(f"recomputing {name}{place}" + (f", about {seconds:.0f} s" if seconds else ""), file=sys.stderr, flush=True)
    return compute(name, measurement, (folder or cache_folder()) / f"{name}.npz")


def record_measured(name: str, *, force: bool = False) -> Path:
    """Compute a measurement if it is stale and write the tracked file."""
    path = measurements() / f"{name}.npz"
    now = status(name, MEASUREMENTS[name])
    if force or now.path is None:
        measured(name, folder=measurements(), force=True)
    elif now.path != path:
        with atomic_write(path) as file:
            file.write(now.path.read_bytes())
    return path
