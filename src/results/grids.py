"""The configs of the sweeps: what is varied about which preset, and why."""

from dataclasses import replace
from typing import Any

from ..network.config import Config, varied_name
from ..network.presets import preset
from ..numbers.sparse import BASES as SPARSE_BASES
from ..numbers.sparse import TESTED_BELOW, TRAINED_BELOW
from ..studies.alphabet import NEW_P


def vary(base: Config, **changes: Any) -> Config:
    """`base` with some fields changed, in a run named by those that differ: `laptop-dropout-0.2`. The width scales the MLP."""
    differ = {key: value for key, value in changes.items() if value != getattr(base, key)}
    wider = {"d_mlp": base.d_mlp // base.d_model * differ["d_model"]} if "d_model" in differ else {}
    return replace(base, run=varied_name(base.run, differ), **differ, **wider)


# One factor at a time about the `laptop` preset; its own value stands in the middle of each list but the first.
FACTORS: dict[str, tuple[float, ...]] = {
    "train_fraction": (0.3, 0.45, 0.6, 0.8, 0.9),
    "dropout": (0.0, 0.05, 0.1, 0.2, 0.3),
    "weight_decay": (0.0, 0.3, 1.0, 2.0, 4.0),
    "lr": (0.0025, 0.005, 0.01, 0.02, 0.04),
    "d_model": (32, 64, 128, 192, 256),
}
ADDITION_OPTIMISERS = ("AdamW", "AdamW + GrokFast", "Muon")
BLOCK_TEXTS = ("simplified, sequential (SAS)", "simplified, parallel (SAS-P), one layer", "simplified, parallel (SAS-P), two layers")
SWEPT_P = (11, 19, 31, 41, 53, 71, 113)
LARGE_P = (127, 151, 181, 211)  # hours of two cores, minutes of a GPU
# What must grow with p, beside the networks of SWEPT_P, which have width 256 and are trained on 80%.
GROWTH_P, GROWTH_WIDTHS, ROWS_P, GROWTH_SHARES = (41, 53, 71), (64, 96, 160), (41, 53), (0.65,)
WIDER = tuple(vary(preset("paper-standard"), p=p, d_model=width) for p in GROWTH_P for width in GROWTH_WIDTHS)
MORE_ROWS = tuple(vary(preset("paper-standard"), p=p, train_fraction=share) for p in ROWS_P for share in GROWTH_SHARES)
# The same networks on other rows, initial weights as in seed 0 of the presets; their course is kept.
SPLITS = tuple(replace(vary(preset(run), data_seed=1), keep=40) for run in ("paper", "paper-standard"))
# No wrong cell at p = 113? By block.
EXACT = {"simplified": preset("exact"), "standard": preset("exact-standard")}
_LAPTOP = preset("laptop")
# The course of the algorithm, and of a network that learns its rows by heart because there is nothing else to learn.
COURSES = tuple(replace(_LAPTOP, run=f"laptop-{name}course", keep=40, shuffle_labels=bool(name)) for name in ("", "shuffled-"))
ALONE = tuple(replace(_LAPTOP, run=f"laptop-{q}-alone", q_min=q, q_max=q) for q in (31, 43, 47))
# Whether the gains of the simplified block decay with the other weights, as they do in the committed runs.
GAINS = tuple(vary(_LAPTOP, block="sas", decay=0.4, spare_gains=spare) for spare in (False, True))
WIDTHS = tuple(replace(_LAPTOP, run=f"laptop-d_mlp-{width}", d_mlp=width) for width in (128, 256, 1024))
# What moves the alphabet: no small primes, no large primes, a table for each digit, a letter withheld (the commonest but those of 2 and 3).
CAUSES = (
    _LAPTOP, replace(_LAPTOP, run="laptop-large", q_min=11), replace(_LAPTOP, run="laptop-small", q_max=37), vary(_LAPTOP, untied=True),
    vary(_LAPTOP, withhold=21.2),
)  # fmt: skip
DECAYS = tuple(
    vary(replace(preset("addition"), run="addition-short", steps=1500, eval_every=25, keep=0), lr=lr, weight_decay=decay)
    for lr, decay in ((1e-3, 8.0), (1e-2, 1.0), (1e-2, 4.0), (1e-2, 8.0))
)
NEW = tuple(vary(preset("paper-standard"), p=p, steps=1000) for p in NEW_P)  # predicted in measurements/alphabet-predictions.npz
DECADE_BASES, DECADE_SHARES = (10, 21, 30, 231), (0.5, 0.8, 0.9)
_SMALL = Config(d_model=64, d_mlp=256, steps=1000, decay=0.4)
DECADES = tuple(
    replace(_SMALL, run=f"decades-{base}-{share}", task="decades", base=base, train_fraction=share, steps=800, dropout=0.2)
    for base in DECADE_BASES
    for share in DECADE_SHARES
)


def _direct(name: str, **changes) -> Config:
    return replace(_SMALL, run=f"primality-{name}", task="primality", balanced=True, **changes)


DIRECT = {
    "digits, base 10": _direct("10", base=10),
    "digits, base 101": _direct("101", base=101),
    "digits, base 30": _direct("30", base=30),
    "digits, base 210": _direct("210", base=210),
    "residues, q < 101": _direct("residues", encoding="residues", p=101),
}


def _parts(name: str, base: int, **changes) -> Config:
    return _direct(f"{name}-{base}", encoding="parts", base=base, n_max=TESTED_BELOW, train_below=TRAINED_BELOW, **changes)


# A tenth of Lee & Kim's numbers, on which networks learn a rule, and a fiftieth, which they learn by heart.
SPARSE = tuple(
    _parts("sparse", base, sample=300_000, d_model=32, d_mlp=128, steps=150, dropout=0.2, eval_every=50) for base in SPARSE_BASES
)
SPARSE_FEW = tuple(_parts("sparse-few", base, sample=60_000, steps=600) for base in SPARSE_BASES)
LAW_BASES, LAW_Q = (6, 8, 9, 10, 12, 14, 15, 16, 21, 22, 30, 36), 23
LAW = tuple(replace(_SMALL, run=f"divisibility-{base}", task="divisibility", base=base, q_max=LAW_Q, sample=5000) for base in LAW_BASES)
_BASE = Config(run="sequences", task="continue", p=97, d_model=128, d_mlp=512, steps=1000, decay=0.4)
QUESTIONS = ("classify", "compare", "continue", "unmask")


def _config(name: str, **changes) -> Config:
    return Config.from_dict({**_BASE.to_dict(), "run": f"sequences-{name}", **changes})


_SHORTER = {"compare": {"steps": 800}}  # twice the terms take twice as long a step
SEQUENCE_CONFIGS = (
    *(_config(task, task=task, **_SHORTER.get(task, {})) for task in QUESTIONS),
    _config("shuffled", shuffle_labels=True),
)
