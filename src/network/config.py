"""What a run is: one frozen dataclass.

A `Config` is plain data. It is written into every checkpoint and rebuilt from it, so a run
can be repeated from its file alone. An unknown key, an ill-typed value or a value out of
range raises `ConfigError`, a `ValueError` whose one line names the value and what is allowed.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..numbers.integers import is_prime

Task = Literal["residues", "addition", "decades", "primality", "divisibility", "classify", "compare", "continue", "unmask", "miu"]
Encoding = Literal["digits", "parts", "residues"]
Block = Literal["standard", "sas", "sas-p"]
Optimizer = Literal["adamw", "muon"]


_MOST = {  # beyond these nothing here has been tried, or can be
    "p": 2**16, "q_max": 10**9, "base": 10**6, "n_max": 10**9, "length": 512, "n_layers": 64, "d_model": 2**15, "n_heads": 2**10,
    "d_mlp": 2**18, "seed": 2**31 - 1, "data_seed": 2**31 - 1, "lr": 1e38, "weight_decay": 1e6, "grokfast_lambda": 1e6, "dropout": 0.99,
    "batch": 2**24, "steps": 10**8, "warmup": 10**8, "eval_every": 10**6, "keep": 10_000,
}  # fmt: skip


class ConfigError(ValueError):
    """A configuration that cannot be run; the message names the value and what is allowed."""


@dataclass(frozen=True)
class Config:
    """Everything that decides a run, but for the machine it runs on.

    The fields are grouped as in the code that reads them: `network.tasks`, `network.model`, `network.trainer`.
    """

    run: str = "laptop"  # the folder under checkpoints/ or runs/
    # --- tasks
    task: Task = "residues"
    p: int = 53  # the base of the digits (residues), the modulus (addition, the tasks on sequences); prime, >= 5
    q_min: int = 2  # residues, divisibility: only the moduli q_min <= q <= q_max
    q_max: int = 1_000_000
    untied: bool = False  # residues: each digit has tokens of its own, and so a table of its own in W_E
    base: int = 10  # the base of the digits (decades, primality, divisibility)
    encoding: Encoding = "digits"  # primality: how a number is shown
    n_max: int = 10_000  # primality, divisibility: the numbers below this
    sample: int = 0  # primality, divisibility: so many of them, at random; 0: all that there are
    train_below: int = 0  # primality: train on the numbers below, hold out the others; 0: split at random
    length: int = 8  # the terms of a sequence that are shown; miu: the letters after M of the longest word
    shuffle_labels: bool = False  # a control: the labels permuted over the examples, so that nothing generalises
    train_fraction: float = 0.8
    data_seed: int = 0  # decides the split, and what else a task draws at random: a sample of numbers, pairs, hidden places
    # --- model
    block: Block = "standard"
    n_layers: int = 1
    d_model: int = 128
    n_heads: int = 4
    d_mlp: int = 512
    # --- training
    seed: int = 0  # decides the initial weights and the dropout masks
    optimizer: Optimizer = "muon"
    lr: float = 1e-2
    weight_decay: float = 1.0
    spare_gains: bool = False  # the simplified blocks: their gains do not decay, as in He and Hofmann's code
    beta1: float = 0.9  # AdamW; also Muon's Adam branch
    beta2: float = 0.98
    balanced: bool = False  # the classes of a task weigh the same in the loss, however rare
    withhold: float = 0.0  # residues: a frequency on the digits, in bins of 1/p, of which W_E is kept free; 0: none
    grokfast_lambda: float = 0.0  # 0 switches the filter off
    grokfast_alpha: float = 0.98
    dropout: float = 0.1
    batch: int = 0  # rows a step, drawn with replacement; 0: all training rows
    steps: int = 2000
    warmup: int = 10
    decay: float = 0.0  # the last share of the steps, over which lr falls linearly to 0
    eval_every: int = 25  # steps a compiled chunk; metrics are read between chunks
    keep: int = 0  # checkpoints kept besides the last, at steps that grow as the square of their index

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check_type(field.name, getattr(self, field.name), field.type)
        for name, most in _MOST.items():
            if getattr(self, name) > most:
                raise ConfigError(f"{name}={getattr(self, name)}: must be <= {most}")
        if self.p < 5 or not is_prime(self.p):
            raise ConfigError(f"p={self.p}: must be a prime >= 5")
        if not 0 < self.train_fraction < 1:
            raise ConfigError(f"train_fraction={self.train_fraction}: must lie strictly between 0 and 1")
        if not 2 <= self.q_min <= self.q_max or (self.task == "residues" and self.q_min >= self.p):
            raise ConfigError(f"q_min={self.q_min}, q_max={self.q_max}: need 2 <= q_min <= q_max, and for residues q_min < p={self.p}")
        if not 0 <= self.withhold <= self.p / 2:
            raise ConfigError(f"withhold={self.withhold}: must lie in [0, p/2={self.p / 2}]")
        if self.task != "residues" and (self.untied or self.withhold):
            raise ConfigError(f"untied={self.untied}, withhold={self.withhold}: only for task residues, not {self.task}")
        if self.base < 2:
            raise ConfigError(f"base={self.base}: must be >= 2")
        if self.n_max < 4 or not 0 <= self.sample <= self.n_max:
            raise ConfigError(f"n_max={self.n_max}, sample={self.sample}: need n_max >= 4 and 0 <= sample <= n_max")
        if not 0 <= self.train_below < self.n_max:
            raise ConfigError(f"train_below={self.train_below}: must lie in [0, n_max={self.n_max})")
        if self.length < 2:
            raise ConfigError(f"length={self.length}: must be >= 2")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout={self.dropout}: must lie in [0, 1)")
        if not 0 <= self.decay <= 1:
            raise ConfigError(f"decay={self.decay}: must lie in [0, 1]")
        for name in ("n_layers", "d_model", "n_heads", "d_mlp", "steps", "eval_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must be >= 1")
        for name in ("seed", "data_seed", "batch", "warmup", "keep", "weight_decay", "grokfast_lambda"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}={getattr(self, name)}: must be >= 0")
        if not 0 < self.lr < float("inf"):
            raise ConfigError(f"lr={self.lr}: must be > 0")
        for name in ("beta1", "beta2", "grokfast_alpha"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must lie in [0, 1)")
        if self.d_model % self.n_heads:
            raise ConfigError(f"d_model={self.d_model}: must be divisible by n_heads={self.n_heads}")
        if not re.fullmatch(r"[A-Za-z0-9_+=-][A-Za-z0-9_.+=-]{0,119}", self.run):
            raise ConfigError(f"run={self.run[:150]!r}: must be a folder name of up to 120 letters, digits and . _ + = -; set run=NAME")

    @property
    def d_head(self) -> int:
        return self.d_model // self.n_heads

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Config":
        """Rebuild a config; raises `ConfigError` on an unknown key."""
        known = {field.name for field in dataclasses.fields(cls)}
        for key in values:
            if key not in known:
                raise ConfigError(f"unknown key {key!r}: known keys are {', '.join(sorted(known))}")
        return cls(**values)

    def override(self, assignments: Sequence[str]) -> "Config":
        """Apply `key=value` strings, each parsed to the type of its field. Unless `run` is among them, the run is named by what differs:
        `laptop-p-41-dropout-0.2`."""
        values = self.to_dict()
        for assignment in assignments:
            key, equals, text = assignment.partition("=")
            if not equals:
                raise ConfigError(f"--set {assignment!r}: expected key=value")
            if key not in values:
                raise ConfigError(f"unknown key {key!r}: known keys are {', '.join(sorted(values))}")
            kind = type(values[key])
            try:
                values[key] = {"true": True, "false": False}[text.lower()] if kind is bool else kind(text)
            except (ValueError, KeyError):
                raise ConfigError(f"{key}={text!r}: expected {'true or false' if kind is bool else kind.__name__}") from None
        if not any(a.partition("=")[0].strip() == "run" for a in assignments):
            values["run"] = varied_name(self.run, {key: value for key, value in values.items() if value != getattr(self, key)})
        return Config.from_dict(values)


def varied_name(run: str, differ: Mapping[str, Any]) -> str:
    """The name of a run in which some fields differ from the run called `run`."""
    return "-".join([run, *(f"{key}-{value}" for key, value in differ.items())])


def _check_type(name: str, value: Any, annotation: Any) -> None:
    if typing.get_origin(annotation) is Literal:
        allowed = typing.get_args(annotation)
        if value not in allowed:
            raise ConfigError(f"{name}={value!r}: must be one of {', '.join(allowed)}")
    else:
        assert not isinstance(annotation, types.GenericAlias)
        expected = (int, float) if annotation is float else annotation
        if (isinstance(value, bool) and annotation is not bool) or not isinstance(value, expected) or value != value:
            raise ConfigError(f"{name}={value!r}: expected {annotation.__name__}")
