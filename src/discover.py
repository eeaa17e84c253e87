"""Find the circuit of one task in a trained network.

    python -m src.discover laptop --task q=13
    python -m src.discover paper/seed-2 --task q=73 --method exhaustive --ablation zero
    python -m src.discover runs/laptop/seed-7 --task q=13 --json
    python -m src.discover miu                            # a run with one task, whatever it was trained on

A committed name or a folder says which network. The circuit is judged on inputs that it was not found on, and drawn.
"""

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

from .circuits.discovery import METHODS, METRICS, Task
from .circuits.faithfulness import faithfulness
from .circuits.graph import ABLATIONS, Graph
from .figures.circuits import fig_circuit
from .figures.style import writable
from .network.checkpoint import CheckpointError
from .network.runs import load_run
from .network.trainer import RUNS
from .studies.discover import GRAINS, find_circuit, groups_of, task_batch, task_graph, task_named

NOISE = 1e-5  # of the damage of cutting every edge: scores below are rounding
app = typer.Typer(add_completion=False)
Method = StrEnum("Method", list(METHODS))
Kind = StrEnum("Kind", list(ABLATIONS))
Measure = StrEnum("Measure", list(METRICS[:3]))
Grain = StrEnum("Grain", list(GRAINS))


def report(graph: Graph, kept: np.ndarray, scores: np.ndarray) -> Table:
    """The edges that were kept, best first."""
    table = Table("edge", "score", box=SIMPLE_HEAD)
    for i in np.argsort(-scores, kind="stable"):
        if kept[i]:
            table.add_row(str(graph.edges[i]), f"{scores[i]:.3g}")
    return table


def picture(out: Path | None, name: str) -> Path:
    """Where the picture goes, looked at before the search. Raises `ValueError`."""
    if out is None:
        out = RUNS / "circuits" / f"{name}.svg"
        out.parent.mkdir(parents=True, exist_ok=True)
    return writable(out)


def fail(message: object) -> NoReturn:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(2)


@app.command()
def main(
    run: Annotated[str, typer.Argument(help="A committed run (laptop, paper, paper/seed-2) or a folder (runs/laptop/seed-0).")],
    task: Annotated[str, typer.Option(help="Which task, where the run has several: q=13.")] = "",
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
        Grain | None,
        typer.Option(help="Nodes for the whole MLP, or for the neurons of each prime (where there are primes, that)."),
    ] = None,
    rows: Annotated[int, typer.Option(help="Inputs to search on; as many others judge the circuit.", min=2)] = 256,
    out: Annotated[Path | None, typer.Option(help="The picture; by default in runs/circuits/.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the circuit as JSON.")] = False,
) -> None:
    """Find the circuit of one task in a trained network, judge it on other inputs, and draw it."""
    try:
        loaded = load_run(run)
        chosen = task_named(task, loaded)
        groups = groups_of(loaded, grain.value if grain else "primes" if loaded.config.task == "residues" else "mlp")
        graph = task_graph(loaded, chosen, groups)
        if threshold is not None and not threshold > 0:
            raise ValueError(f"--threshold {threshold:g}: must be positive")
        if 2 * rows > len(loaded.dataset.tokens):
            raise ValueError(f"--rows {rows}: the run has {len(loaded.dataset.tokens):,} inputs, and as many again are needed to judge")
        name = loaded.dataset.task_names[chosen]
        path = picture(out, f"{loaded.config.run}-{loaded.config.seed}-{re.sub(r'[^a-z0-9]+', '', name)}-{method.value}")
    except (ValueError, CheckpointError, OSError) as error:
        fail(error)
    search, fresh = (Task(graph, task_batch(loaded, graph, chosen, ablation.value, rows=rows, part=part), metric.value) for part in (0, 1))  # pyright: ignore[reportArgumentType]
    kept, scores, rule = find_circuit(search, method.value, threshold, quiet=as_json)
    faithful = float(faithfulness(fresh, kept[None])[0])
    note = ""
    if not kept.any() or kept.all():
        what = "nothing" if not kept.any() else "everything"
        note = f"This threshold keeps {what}; scores go from {scores.min():.3g} to {scores.max():.3g}. Without --threshold one is chosen."
    if np.abs(scores).max() < NOISE:
        note = (
            f"All scores are below {NOISE:g} of the damage of cutting everything: rounding, and no ranking. KL is flat where nothing is "
            "cut; take another --metric, or --method exhaustive or eap-ig."
        )
    fig_circuit([str(edge) for edge in graph.edges], kept, scores).savefig(path)
    if as_json:
        typer.echo(json.dumps({
            "run": loaded.config.run, "seed": loaded.config.seed, "task": name, "method": method.value, "ablation": ablation.value,
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
