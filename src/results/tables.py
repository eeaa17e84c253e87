"""Tables of the documents and of the README, computed from the committed runs."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from IPython.display import Markdown

from ..circuits.discovery import METHODS
from ..circuits.graph import ABLATIONS
from ..network.config import Config
from ..network.manifest import read_manifest
from ..network.paths import checkpoints, measurements, root
from ..network.runs import THRESHOLD, committed_seeds, list_runs, run_folder
from ..network.tasks import make_dataset
from ..network.tasks.primality import DECADE_ENDINGS, decade_numbers
from ..studies.arrays import Arrays
from ..studies.ladder import RUNGS
from . import speed, store
from .claims import GROUPS, rows
from .claims.claim import STATUSES, Claim
from .doors import Door, claims_link, door, plain
from .evidence import Block
from .published import PUBLISHED, PUBLISHED_OTHERS

MARKED = ("runs", "speed")  # tables of the README, between <!-- runs: start --> and <!-- runs: end --> and so on


def pipe_table(header: Sequence[str], rows: Sequence[Sequence[object]], align: str = "") -> str:
    """A markdown pipe table; `align` has one of l, r for each column, the rest is left. Columns fit nine tenths of their cells. A
    `Door` is a link."""
    lengths = [sorted(len(str(row[i])) for row in rows) or [0] for i in range(len(header))]
    widths = [min(max(cells[9 * (len(cells) - 1) // 10], len(title), 4) + 2, 60) for cells, title in zip(lengths, header, strict=True)]
    marks = ["-" * w + ":" if a == "r" else ":" + "-" * w for a, w in zip(align.ljust(len(header), "l"), widths, strict=True)]
    lines = [header, marks, *rows]
    return "\n".join("| " + " | ".join(_cell(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return value._repr_markdown_() if isinstance(value, Door) else str(value)


def code(text: str) -> str:
    """Text from a file as code, for a table."""
    return f"`{text.replace('`', chr(39))}`"


def runs_markdown() -> str:
    """Every committed run with its size, and over its seeds the step at which they generalised and their errors."""
    rows = []
    for run in dict.fromkeys(name for name, _ in list_runs()):
        seeds = [read_manifest(run_folder(*found, checkpoints())) for found in list_runs() if found[0] == run]
        m, c = seeds[0], seeds[0]["config"]
        reached = [one["steps_to_generalise"] for one in seeds]
        rows.append((
            f"`{run}`", len(seeds), f"{c['task']}, {c['p']}", c["block"], f"{m['parameters']:,}", f"{c['train_fraction']:.0%}",
            "some never" if None in reached else span(reached), f"{m['step']:,}",
            f"{span([one['wrong_cells'] for one in seeds])} of {m['cells']:,}",
        ))  # fmt: skip
    header = ("run", "seeds", "task, p", "block", "weights", "trained on", f"≥ {THRESHOLD:.0%} at", "steps", "wrong cells")
    return pipe_table(header, rows, "lrllrrrrr")


def span(values: Sequence[int]) -> str:
    """The range over seeds."""
    return f"{min(values):,}" if min(values) == max(values) else f"{min(values):,} to {max(values):,}"


def runs_table() -> Markdown:
    return Markdown(runs_markdown())


def primality_table(runs: Sequence[str]) -> Markdown:
    """Primality by composition for every committed seed of several runs, against the sieve."""
    rows = []
    for name in runs:
        for seed, c in zip(committed_seeds(name), Block(name).confusions, strict=True):
            primes = c.true_positive + c.false_negative
            counts = (f"{sum(c):,}", f"{primes:,}", c.false_positive, c.false_negative, f"{c.precision:.2%}", f"{c.recall:.2%}")
            rows.append((f"`{name}`", seed, *counts))
    return Markdown(pipe_table(("run", "seed", "n below", "primes", "false alarms", "missed", "precision", "recall"), rows, "lrrrrrrr"))


def decades_table() -> Markdown:
    """The first and last rows of the talk's Table 1: four numbers, four labels."""
    data = make_dataset(Config(run="decades", task="decades"))
    numbers = decade_numbers()
    body = [(*numbers[i], *data.labels[i]) for i in (0, 1)] + [("⋮",) * 8] + [(*numbers[i], *data.labels[i]) for i in (-2, -1)]
    header = [f"$10d+{e}$" for e in DECADE_ENDINGS] + [f"$y_{i}$" for i in range(4)]
    return Markdown(pipe_table(header, body, "rrrrrrrr"))


def files_table() -> Markdown:
    """Every committed checkpoint file with its size and digest."""
    rows = []
    for run, seed in list_runs():
        folder = run_folder(run, seed, checkpoints())
        for name, digest in read_manifest(folder)["files"].items():
            path = folder / name
            rows.append((f"`{path.relative_to(root())}`", f"{path.stat().st_size / 1024:,.0f} KiB", f"`{digest[:16]}`"))
    return Markdown(pipe_table(("file", "size", "sha256, first 16 digits"), rows, "lrl"))


def provenance_table() -> Markdown:
    """Where and with what each committed run was made."""
    rows = []
    for run, seed in list_runs():
        m = read_manifest(run_folder(run, seed, checkpoints()))
        v = m["versions"]
        versions = (plain(v.get(name, "unknown")) for name in ("python", "jax", "equinox", "optax"))
        made = (code(m["command"]), f"{plain(m['device'])}, {m['cores']} cores", *versions)
        rows.append((f"`{run}`", seed, *made, f"{m['seconds']:.0f}"))
    return Markdown(pipe_table(("run", "seed", "command", "device", "Python", "jax", "equinox", "optax", "seconds"), rows, "lrllllllr"))


def measurements_table() -> Markdown:
    """Every file in measurements/ with what made it and where."""
    rows = []
    for path in sorted(measurements().glob("*.npz")):
        found = store.read(path)[1]
        runs = ", ".join(dict.fromkeys(name.partition("/")[0] for name in found.get("inputs", {}) if "/" in name)) or "no run"
        source = code(found["command"]) if "command" in found else f"{code(found['function'].partition('.')[2])} of {plain(runs)}"
        rows.append((code(path.stem), source, f"{plain(found['device'])}, {found['cores']} cores", plain(found["versions"]["jax"])))
    return Markdown(pipe_table(("measurement", "from", "made on", "jax"), rows))


def speed_markdown() -> str:
    """How fast the trainer is beside its peers, as measured on the machine that it names: `make speed`."""
    a, made = store.read(measurements() / "speed-cpu.npz")
    notes = "*times*: seconds a step over the trainer's. PyTorch's own Muon works in bfloat16, for which many a CPU has no instructions."
    return f"Measured by `make speed` on {plain(made['device'])}, {made['cores']} cores:\n\n{speed_table(a).data}\n\n{notes}"


def speed_table(a: Arrays) -> Markdown:
    """The trainer beside its peers: a row for each race."""
    return Markdown(pipe_table(speed.RACE_HEADER, speed.race_rows(a), "rlrrrrrr"))


def parts_table(a: Arrays) -> Markdown:
    """What a step of `laptop` consists of."""
    return Markdown(pipe_table(speed.PART_HEADER, speed.part_rows(a), "lrr"))


def compiled_table(a: Arrays) -> Markdown:
    """What a training step takes to compile, and of memory, over p."""
    return Markdown(pipe_table(speed.COMPILED_HEADER, speed.compiled_rows(a), "rrrrrr"))


def readme_with_tables(text: str) -> str:
    """The README with the tables between its markers made anew. Raises `ValueError` where a marker is missing."""
    for name, table in zip(MARKED, (runs_markdown, speed_markdown), strict=True):
        start, end = (f"<!-- {name}: {edge} -->" for edge in ("start", "end"))
        if start not in text or end not in text:
            raise ValueError(f"README.md: the markers {start} and {end} are not both there")
        before, rest = text.split(start, 1)
        text = f"{before}{start}\n{table()}\n{end}{rest.split(end, 1)[1]}"
    return text


def published_table(a: Arrays) -> Markdown:
    """AUROC of edges on the two compiled programs: Conmy et al. 2023, their weights, beside our own methods on ours."""
    programs, names = list(next(iter(PUBLISHED_OTHERS.values()))), a["cases"].tolist()
    rows = [("ACDC, published", *(PUBLISHED[program, ablation] for program in programs for ablation in ("zero", "resample")))]
    rows += [
        (f"{method}, published", *(x for program in programs for x in ("", f"{found[program]:.3f}")))
        for method, found in PUBLISHED_OTHERS.items()
    ]
    for j, method in enumerate(METHODS):
        values = [
            a["edges"][names.index(program), ABLATIONS.index(ablation), j] for program in programs for ablation in ("zero", "resample")
        ]
        rows.append((f"{method}, ours", *(f"{value:.3f}" for value in values)))
    header = ("method", *(f"{program.removeprefix('tracr ')}, {ablation}" for program in programs for ablation in ("zero", "resample")))
    return Markdown(pipe_table(header, rows, "lrrrr"))


def ladder_table(a: Arrays) -> Markdown:
    """`studies.ladder.ladder` of one run: a row for each account, medians over seeds, its null's in brackets."""

    def beside(field: str, i: int, spec: str) -> str:
        return f"{np.median(a[field][:, i]):{spec}} ({np.median(a[f'null_{field}'][:, i]):{spec}})"

    body = []
    for i, rung in enumerate(RUNGS):
        numbers, half = (float(np.median(a[field][:, i])) for field in ("numbers", "half"))
        judged = (beside("wrong", i, ",.0f"), beside("share", i, ".3f"), beside("margins", i, ".2f"))
        body.append((rung, f"{numbers:,.0f}", *judged, "" if np.isnan(half) else f"{half:.0%}"))
    return Markdown(pipe_table(("account", "numbers", "wrong cells", "of its logits", "margins", "half away"), body, "lrrrrr"))


def auroc_table(a: Arrays, ablation: str = "") -> Markdown:
    """`studies.circuits.compiled`: a row for each compiled network and ablation, a column for each method. With one ablation named, a
    small table of it alone."""
    body = []
    for i, case in enumerate(a["cases"]):
        for j, one in enumerate(ABLATIONS):
            scores = (*(f"{v:.3f}" for v in a["edges"][i, j]), f"{a['reset'][i, j]:.2f}")
            if one == ablation:
                body.append((str(case).replace(" ", "\u00a0"), *scores))
            elif not ablation:
                body.append((case, one, f"{a['true'][i, j]} of {a['all'][i, j]}", *scores))
    header = ("network",) if ablation else ("network", "ablation", "true")
    return Markdown(pipe_table((*header, *METHODS, "reset"), body, "llr"[: len(header)] + "r" * (len(METHODS) + 1)))


def claims_markdown(rows: Sequence[Claim]) -> str:
    """The rows as a table; ours is the median with the range over seeds, which leads to the row. Anchors are left out if there are none."""
    anchored = any(row.anchor != "none" for row in rows)
    header = ("claim", "ours, median (range)", "seeds", *(["anchor"] if anchored else []), "goal", "status")
    body = []
    for row in rows:
        goal = row.goal_text.replace("≥ ", "≥\u00a0").replace("≤ ", "≤\u00a0")
        body.append((row.claim, door(row, row.span), len(row.values), *([row.anchor] if anchored else []), goal, door(row, row.status)))
    return pipe_table(header, body, "llrlll" if anchored else "llrll")


def shortfalls_markdown(rows: Sequence[Claim]) -> str:
    """One line for each row that falls short or is blocked, with its reason."""
    lines = [f"- {door(row, row.claim)._repr_markdown_()}: {row.reason}." for row in rows if row.reason]
    return "\n".join(lines) or "Every row with a goal meets it."


def overview_table() -> Markdown:
    """The groups of claims: how many rows each has, by status; every number leads to them."""
    found = {group: Counter(row.status for row in rows(group)) for group in GROUPS}
    shown = [status for status in STATUSES if any(count[status] for count in found.values())]
    body = []
    for group, count in found.items():
        linked = (claims_link(group, f"{count[one]:,}", status=one) if count[one] else 0 for one in shown)
        body.append((f"**{group}**", claims_link(group, f"{count.total():,}"), *linked))
    return Markdown(pipe_table(("group", "rows", *shown), body, "l" + "r" * (len(shown) + 1)))
