"""Claims are rows with a goal or reported without one; they can be cited, read in a narrow terminal, and recomputed."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from src.claims import app, show
from src.lens.progress import load_steps, progress
from src.network.definitions import parse
from src.network.runs import committed_seeds, list_runs, load_run
from src.results.claims import GROUPS, headline, modules, row, rows
from src.results.claims.beside import beside, prediction_interval
from src.results.claims.claim import CORRELATION, COUNT, Claims, Form, at_least, at_most, between, exactly, share
from src.results.registry import MEASUREMENTS, RECORDED, arrays
from src.results.tables import claims_markdown, shortfalls_markdown
from src.studies.addition import analyse
from src.studies.arrays import unstack
from src.studies.course import lead


def claim(values, **options):
    """The row of one function."""
    made = Claims("test")
    made.add("x", "c", **options)(lambda: values)
    return made.rows()[0]


def test_status_and_goal():
    assert claim([1, 2, 3], goal=at_least(1)).status == "pass" and claim([1, 2, 3], goal=at_least(2)).status == "short"
    assert claim([1, float("nan")], goal=at_least(0)).status == "blocked" and claim([]).status == "blocked"
    assert claim([1, 2]).status == "reported" and claim([1]).goal_text == "none"
    assert claim([0], goal=exactly(0), form=COUNT).goal_text == "exactly 0"
    assert claim([0.99], goal=at_least(0.9), form=share(0)).goal_text == "≥ 90%"
    assert claim([1], goal=at_most(2), form=COUNT).goal_text == "≤ 2" and claim([1], goal=between(0, 2), form=COUNT).goal_text == "0 to 2"
    data = claim([3, 1, 2], goal=at_least(2), why="because").to_dict()
    assert data["ours"] == 2 and data["range"] == [1, 3] and data["seeds"] == 3 and data["why"] == "because"
    assert claim([3], goal=at_least(2), why="because").to_dict()["why"] == "" == claim([3], why="because").to_dict()["why"]


def test_a_function_makes_a_row_for_each_of_its_values():
    made = Claims("test")

    @made.add(
        "{where}.{n}",
        lambda where, n: f"{where}, {n + 1}",
        over={"where": ("New York", "Rome"), "n": (1, 2)},
        goal=lambda where, n: at_least(2) if n == 2 else None,
    )
    def sums(where, n):  # fmt: skip
        return [n, n]

    found = made.rows()
    assert [one.slug for one in found] == ["test.new-york.1", "test.new-york.2", "test.rome.1", "test.rome.2"]
    assert [one.status for one in found] == ["reported", "pass"] * 2 and found[1].claim == "New York, 3"
    assert found[0].function.endswith("sums")


@pytest.mark.parametrize("group", GROUPS)
def test_rows_are_complete(group):
    result = CliRunner().invoke(app, [group, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert len(found) > 20
    for one in found:
        assert set(one) == {"id", "claim", "ours", "range", "seeds", "anchor", "goal", "status", "why", "kind", "function"}
        assert one["status"] in {"pass", "short", "blocked", "reported"} and one["kind"] in {"recomputed", "measured"}
        assert (one["status"] == "reported") == (one["goal"] == "none") or one["status"] == "blocked", one
        assert bool(one["why"]) == (one["status"] in {"short", "blocked"}), one
        assert re.fullmatch(rf"{group}(\.[a-z0-9.-]+)+", one["id"]), one["id"]
        module, function = one["function"].rsplit(".", 1)
        assert function in parse(module).code, one  # the code behind a row is where it says


def test_slugs_are_unique_over_all_groups_and_cite_their_rows():
    found = [slug for group in GROUPS for module in modules(group) for slug, _ in module.claims.calls()]
    assert len(set(found)) == len(found)
    assert all(row(one.slug) is one for group in GROUPS for one in rows(group))
    for unknown in ("residues.simplified.nothing", "nonsense", ""):
        with pytest.raises(KeyError, match="near it are"):
            row(unknown)


def test_a_row_names_what_it_is_made_of():
    """Where a value was kept by a row before it, too."""
    assert row("addition.wrong-cells").made_of == ("addition-analysis",) and row("scale.p-181.worst-task").made_of == ("residues-large-p",)
    for slug in ("harmed-count", "harmed-coincide"):
        assert row(f"residues.simplified.shared.{slug}").made_of == ("paper-analysis", "paper-shared")
    known = {*MEASUREMENTS, *RECORDED, *(run for run, _ in list_runs())}
    for group in GROUPS:
        assert all(set(one.made_of) <= known for one in rows(group))
        assert group == "algorithm" or all(one.made_of for one in rows(group)), [one.slug for one in rows(group) if not one.made_of]


def test_functions_have_names_of_their_own():
    for group in GROUPS:
        for module in modules(group):
            names = [template.function.__name__ for template in module.claims.templates]
            assert len(set(names)) == len(names), module.__name__


def test_values_are_possible_and_rows_without_seeds_are_few():
    for group in GROUPS:
        for one in rows(group):
            assert all(v != v or one.form.low <= v <= one.form.high for v in one.values), one
            once = ("algorithm.by-hand", "algorithm.certificate", "circuits.compiled", "circuits.peers", "integers.")
            by_hand = one.slug.startswith(once)
            percentile = one.slug.endswith((".alphabet.null", ".alphabet.alone.null"))  # of a null over many draws
            hours = one.slug.startswith(("algorithm.formation.p-113", "scale.exact.standard.", "scale.wide."))  # of training each
            hours = hours or ".other-split." in one.slug
            timed = one.slug.startswith(("scale.speed.", "scale.growth.p-1009."))  # rounds on one machine
            assert len(one.values) >= 3 or by_hand or percentile or hours or timed, one.slug


def test_headline_counts_are_of_rows_with_a_goal():
    found = [claim([1], goal=at_least(0)), claim([1], goal=at_least(2)), claim([1]), claim([1])]
    assert headline(found) == "1 of 2 rows with a goal meet it; 2 are reported without one"


@pytest.mark.parametrize("width", [80, 60, 40])
def test_status_and_value_are_never_cut(width):
    console = Console(width=width, record=True, color_system=None)
    for group in GROUPS:
        for one in rows(group):
            show(console, one)
            text = console.export_text()
            assert max(map(len, text.splitlines())) <= width
            joined = re.sub(r"\s", "", text)
            for part in (one.slug, one.status, one.span or "no value", one.claim):
                assert re.sub(r"\s", "", part) in joined, (width, one.slug, text)


def test_unknown_group():
    result = CliRunner().invoke(app, ["subtraction"])
    assert result.exit_code == 2 and "subtraction" in result.stderr and "residues" in result.stderr


@pytest.mark.parametrize(("group", "run", "said"), [
    ("residues", "runs/nothing", "runs/nothing"), ("addition", "paper", "has no rows of one run"),
    ("residues", "addition", "no rows of its own"),
])  # fmt: skip
def test_a_run_of_ones_own_must_be_a_run(group, run, said):
    result = CliRunner().invoke(app, [group, "--run", run])
    assert result.exit_code == 2 and said in result.stderr and len(result.stderr.strip().splitlines()) == 1


def test_a_committed_seed_named_by_run_agrees_with_itself(monkeypatch):
    """The rows of one run from an analysis that is looked up: that it is the same when made anew, other tests show."""
    monkeypatch.setattr("src.results.evidence.analyse", lambda run: unstack(arrays("paper-analysis"))[run.config.seed])
    found = beside("residues", load_run("paper", seed=1))
    assert len(found) > 20 and all(one.inside == "yes" for one in found)
    for one in found:
        np.testing.assert_allclose(one.mine.ours, one.committed.values[1], rtol=1e-3, atol=1e-6, err_msg=one.mine.slug)


def test_any_residue_run_has_rows_and_stands_beside_its_own_config(monkeypatch):
    """A run of `laptop` beside the committed seeds; the same network as a config of its own, alone."""
    monkeypatch.setattr("src.results.evidence.analyse", lambda run: unstack(arrays("laptop-analysis"))[run.config.seed])
    run = load_run("laptop", seed=2)
    found = beside("residues", run)
    assert len(found) > 20 and all(one.inside == "yes" for one in found) and "42,135" in found[0].mine.claim
    least = next(one for one in found if one.mine.slug.endswith("least-divisor"))
    assert len(least.mine.values) == 1 and len(least.committed.values) == 3  # of this run alone
    alone = beside("algorithm", replace(run, config=replace(run.config, run="mine", lr=0.02)))
    assert alone[0].committed is None and alone[0].inside == "unknown" and alone[0].mine.slug == "algorithm.mine.phases"
    assert json.loads(json.dumps(alone[0].to_dict()))["committed"] is None
    lacking = replace(run, dataset=replace(run.dataset, widths=run.dataset.widths[1:]))
    with pytest.raises(ValueError, match="all residue tasks"):
        beside("residues", lacking)


def test_prediction_interval():
    draws = np.random.default_rng(0).normal(size=(2000, 6))
    inside = [low <= x[5] <= high for x in draws for low, high in [prediction_interval(x[:5].tolist(), Form(".2f"), 0.9)]]
    assert 0.88 < np.mean(inside) < 0.95  # a little over: the interval is never narrower than the range
    assert all(np.isnan(prediction_interval([], COUNT))) and all(np.isnan(prediction_interval([1.0, np.nan], COUNT)))
    assert prediction_interval([2.0, 2.0], COUNT) == (2, 2) and prediction_interval([2.0], COUNT) == (0, np.inf)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=6), st.sampled_from([COUNT, share(), CORRELATION]))
def test_prediction_intervals_stay_within_what_is_possible(counts, form):
    top = 1 if np.isfinite(form.high) else 40
    low, high = prediction_interval([c * top / 40 for c in counts], form)
    assert form.low <= low <= min(counts) * top / 40 <= max(counts) * top / 40 <= high <= form.high


def test_the_markdown_lists_every_row_and_every_shortfall():
    found = rows("addition")
    table, short = claims_markdown(found), shortfalls_markdown(found)
    assert table.count("\n") == len(found) + 1 and all(f'claims.html#{one.slug}"' in table for one in found)
    assert all((f'claims.html#{one.slug}"' in short) == (one.status in ("short", "blocked")) for one in found)


def test_a_random_seed_recomputed_agrees_with_the_measurement():
    stored, seeds = arrays("addition-analysis"), committed_seeds("addition")
    i = int(np.random.default_rng().integers(len(seeds)))
    fresh = analyse(load_run("addition", seeds[i]))
    for name, value in fresh.items():
        kept = stored[name][i]
        kept = kept[: len(value)] if value.ndim else kept
        np.testing.assert_allclose(kept, value, rtol=2e-3, atol=1e-6, err_msg=f"seed {i}: {name}")


def test_the_committed_steps_agree_with_the_recorded_course():
    course = arrays("addition-progress")
    key = course["key"][0][course["key"][0] > 0]
    steps = load_steps("addition", 0)
    fresh = progress(steps[-4:], key)
    at = np.searchsorted(course["step"][0], fresh["step"])
    for name in ("loss_valid", "restricted_all", "excluded_train", "gini_W_E", "gini_W_L", "sum_squares", "active"):
        np.testing.assert_allclose(course[name][0][at], fresh[name], rtol=2e-3, err_msg=name)
    assert (lead(course) > 0).all()
