"""The network in a page: weights, what is read of them, and the scripts that run them, as HTML that stands alone.

`explorer_style`, at the top of the page, is what it looks like before any script has run; `explorer_network`, at its end, is the rest.
`explorer_widget` is a small live piece for other pages. Scripts are plain files in `explorer/`, joined here; they ask for nothing.
"""

import base64
import json
import re
from collections.abc import Iterable

import numpy as np

from ..network.paths import PACKAGE
from ..results.evidence import runs_of
from ..results.explorer import RUN, course, mechanism, reading, weights
from ..studies.arrays import Arrays

FOLDER = PACKAGE.parent / "explorer"
SHARED = ("numbers.js", "draw.js")
WORKER = ("numbers.js", "network.js", "worker.js")
PARTS = ("answers.js", "clocks.js", "neurons.js", "knockout.js", "cancellation.js", "training.js")
PAGE = (*SHARED, "network.js", "state.js", "survey.js", *PARTS, "explorer.js")


class Raw:
    """HTML of a page as a raw block of markdown. Beside an output of type HTML Quarto would load two libraries from another host, in case
    it needs them."""

    def __init__(self, html: str) -> None:
        self.html = html

    def _repr_markdown_(self) -> str:
        fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", self.html))])
        return f"{fence}{{=html}}\n{self.html}\n{fence}"


def packed(arrays: Arrays) -> tuple[str, list]:
    """Arrays as base64 of their bytes in a row, and the list of [name, dtype, shape] that says where each is."""
    manifest = [[name, value.dtype.name, list(value.shape)] for name, value in arrays.items()]
    return base64.b64encode(b"".join(np.ascontiguousarray(value).tobytes() for value in arrays.values())).decode(), manifest


def _data(name: str, arrays: Arrays) -> str:
    """A classic script that hands arrays to the scripts after it: `packs.<name>`, text and manifest."""
    text, manifest = packed(arrays)
    return f'<script>(globalThis.packs ??= {{}}).{name} = {{ manifest: {json.dumps(manifest)}, text: "{text}" }};</script>'


def _source(names: Iterable[str]) -> str:
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def _script(names: Iterable[str], before: str = "") -> str:
    return f'<script>(() => {{\n"use strict";\n{before}\n{_source(names)}\n}})();</script>'


def explorer_style() -> Raw:
    """The explorer's style sheet."""
    return Raw(f"<style>\n{_source(['explorer.css'])}</style>")


def explorer_network() -> Raw:
    """The committed network, how its neurons are read, a training, and the scripts of the explorer's page."""
    run = runs_of(RUN)[0]
    facts = {"run": f"{RUN}, seed 0", "parameters": run.manifest["parameters"], "cells": run.manifest["cells"]}
    worker = json.dumps(_source(WORKER)).replace("</", "<\\/")
    before = f"const FACTS = {json.dumps(facts)}, WORKER = {worker};"
    return Raw("\n".join([_data("weights", weights(run)), _data("reading", reading()), _data("course", course()), _script(PAGE, before)]))


def explorer_widget(name: str = "mechanism", *, q: int = 13) -> Raw:
    """A live piece of the explorer, under 250 KB with all that it needs, once a page: "mechanism", the neurons of one prime q at work.

    Raises `ValueError` for another name, or a q that is no task.
    """
    if name != "mechanism":
        raise ValueError(f"no widget {name!r}; there is mechanism")
    place = f'<div class="mx mx-mechanism" data-q="{q}" data-p="{runs_of(RUN)[0].config.p}"></div>'
    style = f"<style>\n{_source(['explorer.css'])}</style>"
    return Raw("\n".join([style, place, _data("mechanism", mechanism(q)), _script((*SHARED, "mechanism.js"))]))
