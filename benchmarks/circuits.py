"""Batched edge tests against one at a time, by the same code: ACDC and single cuts on one network.

.venv/bin/python -m benchmarks.circuits [--run paper] [--q 13]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np

from src.circuits.discovery import Task, acdc, single_cuts
from src.circuits.graph import residue_graph
from src.network.runs import load_run
from src.studies.circuits import METRIC, prime_groups, task_batch


def seconds(function: Callable[[], object]) -> float:
    """The shorter of two runs after one that compiles."""
    function()
    times = []
    for _ in range(2):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", default="paper")
    parser.add_argument("--q", type=int, default=13)
    parser.add_argument("--rows", type=int, default=256)
    arguments = parser.parse_args()
    run = load_run(arguments.run)
    start = time.perf_counter()
    graph = residue_graph(run.model, run.config, prime_groups(run), arguments.q)
    task = Task(graph, task_batch(run, graph, arguments.q, "resample", rows=arguments.rows), METRIC)
    threshold = 1e-3 * task.damage_of_nothing()
    found = acdc(task, threshold)
    first = time.perf_counter() - start
    edges = len(graph.edges)
    print(f"{arguments.run}, q = {arguments.q}: {edges} edges, {arguments.rows} inputs")
    print(f"ACDC from a loaded checkpoint, compilation and labels of neurons included: {first:.1f} s")
    batched, one = seconds(lambda: acdc(task, threshold)), seconds(lambda: acdc(task, threshold, ahead=1))
    print(f"ACDC again: {batched:.2f} s, {edges / batched:.0f} edges a second; {found.calls} calls; keeps {found.kept.sum()}")
    print(f"ACDC, one edge at a time: {one:.2f} s; ratio {one / batched:.1f}")
    every = seconds(lambda: single_cuts(task))
    alone = 1 - np.eye(edges)
    loop = seconds(lambda: [task.damages(mask[None]) for mask in alone])
    print(f"Single cuts: batched {every:.2f} s ({edges / every:.0f} a second), one at a time {loop:.2f} s; ratio {loop / every:.1f}")


if __name__ == "__main__":
    main()
