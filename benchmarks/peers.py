"""Ours beside TransformerLens and auto-circuit on one trained network: logits, activations, and the score of every edge.

    make peers                                       # installs them into build/peers, and runs this:
    python -m benchmarks.peers build/peers/bin/python

The differences go to `measurements/peers.npz`, from which the paper takes them. Ends with status 1 where one is larger than rounding.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from src.circuits.discovery import Task, eap
from src.circuits.graph import make_batch
from src.lens.interventions import run_with_cache
from src.network.runs import load_run
from src.network.transformer_lens import export
from src.results.measure import record
from src.studies.discover import groups_of, task_graph, task_named

RUN, TASK, ROWS, ROUNDING = "paper-standard", "q=73", 256, 1e-3


def partners(n: int) -> np.ndarray:
    """Whose activation a cut edge of each input carries under `make_batch`'s resample ablation with seed 0."""
    order = np.random.default_rng(0).permutation(n)
    partner = np.empty(n, dtype=np.int64)
    partner[order] = np.roll(order, 1)
    return partner


def main(interpreter: str) -> int:
    run = load_run(RUN)
    task = task_named(TASK, run)
    graph = task_graph(run, task, groups_of(run, "mlp"))
    rows = np.random.default_rng(0).permutation(len(run.dataset.tokens))[:ROWS]
    tokens, labels, widths = run.dataset.tokens[rows], run.dataset.labels[rows, task], run.dataset.widths
    logits, cache = run_with_cache(run.model, jnp.asarray(tokens))
    ours = dict(zip(map(str, graph.edges), eap(Task(graph, make_batch(graph, tokens, labels, "resample"), "logit_diff")), strict=True))
    with tempfile.TemporaryDirectory() as place:
        weights, inputs, out = (Path(place) / name for name in ("weights.safetensors", "inputs.npz", "theirs.npz"))
        export(run, weights)
        data = {"tokens": tokens.astype(np.int64), "labels": labels.astype(np.int64), "partner": partners(ROWS)}
        np.savez(inputs, allow_pickle=False, **data, start=np.asarray(sum(widths[:task])), width=np.asarray(widths[task]))
        script = Path(__file__).with_name("peers_torch.py")
        subprocess.run([interpreter, str(script), str(weights), str(inputs), str(out)], check=True)
        theirs = dict(np.load(out))
    scores = dict(zip(theirs["edges"].tolist(), theirs["scores"], strict=True))
    if ours.keys() - scores.keys() or any(scores[edge] for edge in scores.keys() - ours.keys()):
        raise SystemExit(f"edges differ: {sorted(scores.keys() ^ ours.keys())}")
    found = {
        "logits": np.abs(theirs["logits"] - np.asarray(logits)).max(),
        **{name.split(".")[-1]: np.abs(theirs[name] - np.asarray(cache[name])).max() for name in theirs if name in cache},
        "edges": np.asarray(len(ours)),
        "scores": np.abs([scores[edge] - ours[edge] for edge in ours]).max(),
        "largest_score": max(ours.values()),
    }
    table = Table("what", "largest difference, or count", box=SIMPLE_HEAD)
    for name, value in found.items():
        table.add_row(name, f"{value:.3g}")
    Console().print(table)
    record("peers", {name: np.asarray(value) for name, value in found.items()}, command="make peers")
    return int(max(found[name] for name in ("logits", "hook_post", "hook_pattern", "hook_z", "scores")) > ROUNDING)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
