"""What the documents' cells need, in one import.

    from src.documents import *

Figures, results by name, tables, the constants of the text, and `cite`, which prints a claim by its slug.
"""

import os
import sys
from pathlib import Path

import matplotlib
import numpy as np
from IPython.core.getipython import get_ipython
from IPython.display import Markdown

from .circuits.faithfulness import ENOUGH
from .figures import *
from .figures.explorer import explorer_network, explorer_style, explorer_widget
from .lens.fourier import rational_dictionary
from .network.presets import PRESETS, preset
from .network.runs import THRESHOLD, load_run
from .network.tasks.primality import decade_numbers
from .network.tasks.sequences import TERMS
from .numbers.integers import primes_below, sieve
from .numbers.miu import derivation
from .numbers.sequences import BUSY_BEAVER, REGISTRY
from .numbers.sparse import BASES as SPARSE_BASES
from .numbers.sparse import THEIRS, TRAINED_BELOW, predictions
from .numbers.sparse import predict as rule_predicts
from .results.claims import headline, row, rows
from .results.evidence import (
    BLOCKS,
    NETWORKS,
    TAKEN,
    by_block,
    certificates,
    circuit_of,
    circuits_of,
    clocks_and_pizzas,
    confusions,
    courses,
    hand_margins,
    moved_alphabets,
    neurons_of,
    new_alphabets,
    over_p,
    prime_callers,
    runs_of,
    tilings,
)
from .results.grids import (
    ADDITION_OPTIMISERS,
    ALONE,
    CAUSES,
    DECADES,
    DECAYS,
    DIRECT,
    FACTORS,
    LARGE_P,
    LAW,
    LAW_BASES,
    LAW_Q,
    QUESTIONS,
    SEQUENCE_CONFIGS,
    SPARSE,
    SWEPT_P,
    WIDTHS,
)
from .results.published import BEST_CMD
from .results.registry import arrays
from .results.tables import (
    auroc_table,
    claims_markdown,
    decades_table,
    files_table,
    ladder_table,
    measurements_table,
    pipe_table,
    primality_table,
    provenance_table,
    published_table,
    runs_table,
    shortfalls_markdown,
)
from .studies.addition import ALWAYS_ON, KEY_RISE, LABELLED, POWER_SHARE, key_frequencies
from .studies.residues import off_diagonal
from .studies.sequences import ORDER


def prepare() -> None:
    """What a page's kernel must be: the interpreter that `make site` was called with, drawing equal figures as equal SVG files, whatever
    backend the environment names. Raises `RuntimeError` in another interpreter."""
    expected = os.environ.get("MIIII_PYTHON")
    if expected and Path(expected).resolve() != Path(sys.prefix).resolve():
        raise RuntimeError(f"these cells run in {sys.prefix}, and make site was called in {expected}: another kernel is called python3")
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    matplotlib.rcParams["svg.hashsalt"] = "miiii"
    if get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")


prepare()


def cite(slug: str, spec: str = "") -> str:
    """The median of a claim over seeds, in the claim's own form or in `spec`."""
    found = row(slug)
    return format(found.ours, spec) if spec else found.form(found.ours)


def span(slug: str) -> str:
    """The median of a claim with the range over seeds."""
    return row(slug).span


def extremes(*slugs: str) -> tuple[str, str]:
    """The smallest and the largest value of several claims over all their seeds, in the form of the first."""
    found = [row(slug) for slug in slugs]
    values = [value for one in found for value in one.values]
    return found[0].form(min(values)), found[0].form(max(values))


def of_networks(rest: str) -> tuple[str, ...]:
    """The claims about the circuits of each network that are called `rest`."""
    return tuple(f"circuits.{run}.{rest}" for run in NETWORKS)


def claims_table(group: str, *, without: str = "") -> Markdown:
    """Every row of a group of claims; `without` those whose slug has that in it, which another table shows."""
    return Markdown(claims_markdown([one for one in rows(group) if not without or without not in one.slug]))
