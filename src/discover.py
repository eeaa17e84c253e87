"""python -m src.discover RUN --task q=13 [--method acdc] [--threshold 0.01] [--ablation resample] [--json]"""

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import numpy as np
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from .circuits.discovery import METHODS, METRICS, THRESHOLDS, Task, acdc
from .circuits.faithfulness import ENOUGH, choose, faithfulness
from .circuits.graph import ABLATIONS, Graph, Groups, residue_graph
from .figures.circuits import fig_circuit
from .network.checkpoint import CheckpointError
from .network.runs import Run, load_run
from .numbers.integers import primes_below
from .studies.circuits import prime_groups, task_batch

app = typer.Typer(add_completion=False)
Method = StrEnum("Method", list(METHODS))
Kind = StrEnum("Kind", list(ABLATIONS))
Measure = StrEnum("Measure", list(METRICS[:3]))


class Grain(StrEnum):
    """What the nodes of the graph hold."""

    mlp = "mlp"
    primes = "primes"


def find_run(text: str) -> Run:
    """A committed run by name ("paper", "paper/seed-2") or a folder ("runs/laptop/seed-0"). Raises `CheckpointError`."""
    folder = Path(text)
    seed = re.fullmatch(r"seed-(\d+)", folder.name)
    if seed is None:
        return load_run(text)
    if folder.exists():
        return load_run(folder.parent.name, int(seed[1]), root=folder.parent.parent)
    return load_run(str(folder.parent), int(seed[1]))


def task_prime(text: str, run: Run) -> int:
    """The q of "q=13" or "13". Raises `ValueError` naming the tasks there are."""
    match = re.fullmatch(r"(?:q=)?(\d+)", text.replace(" ", ""))
    if match is None or int(match[1]) not in primes_below(run.config.p):
        raise ValueError(
            f"--task {text}: the tasks of this run are q=2 ... q={primes_below(run.config.p)[-1]}, the primes below {run.config.p}"
        )
    return int(match[1])


def grown(run: Run, grain: Grain) -> Groups:
    """Groups of neurons for a grain. Raises `ValueError` for a run that has no circuits."""
    if run.config.task != "residues":
        raise ValueError(f"run {run.config.run!r} was trained on {run.config.task}; circuits are drawn for the residue tasks")
    if run.dataset.widths != tuple(int(q) for q in primes_below(run.config.p)):
        raise ValueError(f"run {run.config.run!r} lacks some primes below {run.config.p} (q_min, q_max); circuits are drawn for all tasks")
    return prime_groups(run) if grain is Grain.primes else {"mlp": np.ones(run.config.d_mlp, dtype=bool)}


def discover(task: Task, method: str, threshold: float | None, *, quiet: bool) -> tuple[np.ndarray, np.ndarray, str]:
    """The circuit (E,), the scores (E,) and how the circuit was chosen."""
    unit = task.damage_of_nothing()
    if method != "acdc":
        scores = METHODS[method](task)
        scores = scores if method == "edge-pruning" else scores / unit
        if threshold is not None:
            return scores >= threshold, scores, f"scores of at least {threshold:g}"
        return choose(task, scores), scores, f"the shortest start of the ranking with faithfulness {ENOUGH:g}"
    scores = np.zeros(len(task.graph.edges))
    tried = [threshold] if threshold is not None else THRESHOLDS[::-1].tolist()
    for number, value in enumerate(tried):
        with tqdm(total=len(scores), desc=f"acdc at {value:.1g}", unit="edge", disable=True if quiet else None, leave=False) as bar:
            kept = acdc(task, value * unit, progress=bar.update).kept
        scores = np.maximum(scores, kept * value)
        if threshold is None and (faithfulness(task, kept[None])[0] >= ENOUGH or number == len(tried) - 1):
            return kept, scores, f"the largest threshold of 10^0, 10^-0.5, ... with faithfulness {ENOUGH:g}: {value:.1g}"
    return kept, scores, f"threshold {threshold:g}"  # pyright: ignore[reportPossiblyUnbound]


def report(graph: Graph, kept: np.ndarray, scores: np.ndarray) -> Table:
    """The edges that were kept, best first."""
    table = Table("edge", "score", box=SIMPLE_HEAD)
    for i in np.argsort(-scores, kind="stable"):
        if kept[i]:
            table.add_row(str(graph.edges[i]), f"{scores[i]:.3g}")
    return table


def fail(message: object) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


@app.command()
def main(
    run: Annotated[str, typer.Argument(help="A committed run (laptop, paper, paper/seed-2) or a folder (runs/laptop/seed-0).")],
    task: Annotated[str, typer.Option(help="Which task: q=13.")],
    method: Annotated[Method, typer.Option(help="How edges are scored.")] = Method["acdc"],
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Keep edges from this score on; for acdc, cut while the damage rises less. Unit: the damage of cutting every "
            "edge. Without it the smallest circuit with 95% faithfulness is chosen."
        ),
    ] = None,
    ablation: Annotated[Kind, typer.Option(help="What a cut edge carries.")] = Kind["resample"],
    metric: Annotated[Measure, typer.Option(help="What damage is.")] = Measure["loss"],
    grain: Annotated[
        Grain,
        typer.Option(help="Nodes for the whole MLP, or for the neurons of each prime."),
    ] = Grain.primes,
    rows: Annotated[int, typer.Option(help="Inputs to search on; as many others judge the circuit.", min=2)] = 256,
    out: Annotated[Path | None, typer.Option(help="The picture; by default <run>-<seed>-<task>-<method>.svg here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the circuit as JSON.")] = False,
) -> None:
    """Find the circuit of one task in a trained network, judge it on other inputs, and draw it."""
    try:
        loaded = find_run(run)
        groups = grown(loaded, grain)
        q = task_prime(task, loaded)
        graph = residue_graph(loaded.model, loaded.config, groups, q)
        if threshold is not None and not threshold > 0:
            raise ValueError(f"--threshold {threshold:g}: must be positive")
        if 2 * rows > len(loaded.dataset.tokens):
            raise ValueError(f"--rows {rows}: the run has {len(loaded.dataset.tokens):,} inputs, and as many again are needed to judge")
    except (ValueError, CheckpointError) as error:
        fail(error)
    search, fresh = (Task(graph, task_batch(loaded, graph, q, ablation.value, rows=rows, part=part), metric.value) for part in (0, 1))  # pyright: ignore[reportArgumentType]
    kept, scores, rule = discover(search, method.value, threshold, quiet=as_json)
    faithful = float(faithfulness(fresh, kept[None])[0])
    note = ""
    if not kept.any() or kept.all():
        what = "nothing" if not kept.any() else "everything"
        note = f"This threshold keeps {what}; scores go from {scores.min():.3g} to {scores.max():.3g}. Without --threshold one is chosen."
    path = out or Path(f"{loaded.config.run}-{loaded.config.seed}-q{q}-{method.value}.svg")
    fig_circuit([str(edge) for edge in graph.edges], kept, scores).savefig(path)
    if as_json:
        typer.echo(json.dumps({
            "run": loaded.config.run, "seed": loaded.config.seed, "task": f"q={q}", "method": method.value, "ablation": ablation.value,
            "metric": metric.value, "rule": rule, "note": note, "edges": len(kept), "kept": int(kept.sum()), "faithfulness": faithful,
            "circuit": [{"edge": str(e), "score": float(s)} for e, s, on in zip(graph.edges, scores, kept, strict=True) if on],
            "figure": str(path),
        }, indent=1))  # fmt: skip
        return
    console = Console()
    console.print(report(graph, kept, scores))
    if note:
        console.print(note)
    console.print(
        f"{kept.sum()} of {len(kept)} edges by {method.value} with {ablation.value} ablation, {rule}.\n"
        f"Faithfulness on {rows} other inputs: {faithful:.3f}. Picture: {path}", highlight=False, soft_wrap=True
    )  # fmt: skip


if __name__ == "__main__":
    app()
