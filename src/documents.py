"""What the documents' cells need, in one import.

    from src.documents import *

Figures, results by name, tables, the constants of the text, and `cite`, which prints a claim by its slug as a link to its row.
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
from .figures.explorer import Raw, explorer_network, explorer_style, explorer_widget
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
from .results.claims import GROUPS, headline, row, rows
from .results.claims_page import claims_html
from .results.doors import cite, claims_link, extremes, reach, short, span, total, via
from .results.evidence import (
    BLOCKS,
    NETWORKS,
    TAKEN,
    beyond,
    by_block,
    certificates,
    circuit_of,
    circuits_of,
    clocks_and_pizzas,
    courses,
    errors_over_compute,
    grown,
    hand_margins,
    moved_alphabets,
    neurons_of,
    new_alphabets,
    over_p,
    prime_callers,
    runs_of,
    tilings,
)
from .results.glossary import glossary_markdown, term
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
from .results.speed import ROUNDS, SEEDS
from .results.tables import (
    auroc_table,
    claims_markdown,
    compiled_table,
    decades_table,
    files_table,
    ladder_table,
    measurements_table,
    overview_table,
    parts_table,
    pipe_table,
    primality_table,
    provenance_table,
    published_table,
    runs_table,
    shortfalls_markdown,
    speed_table,
)
from .studies.addition import ALWAYS_ON, KEY_RISE, LABELLED, POWER_SHARE, key_frequencies
from .studies.growth import LEVEL
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


def of_networks(rest: str) -> tuple[str, ...]:
    """The claims about the circuits of each network that are called `rest`."""
    return tuple(f"circuits.{run}.{rest}" for run in NETWORKS)


def claims_table(*which: str, without: str = "") -> Markdown:
    """The rows of these slugs and groups as a table; `without` those whose slug has that in it. A paper has room for ten rows, and
    `claims_link` leads to the others."""
    found = [one for name in which for one in (rows(name) if name in GROUPS else [row(name)])]
    return Markdown(claims_markdown([one for one in found if not without or without not in one.slug]))


def claims_page() -> Raw:
    """Every row of every group, to be searched."""
    return Raw(claims_html([one for group in GROUPS for one in rows(group)]))
