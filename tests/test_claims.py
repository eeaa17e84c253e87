"""Claims are rows with a goal; a random sample is recomputed and must agree with what is stored."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from src.addition import analyse
from src.checkpoint import load_run
from src.claims import claim, claims_markdown, shortfalls_markdown
from src.claims.__main__ import GROUPS, app, prediction_interval
from src.claims.addition import analysis, lead, rows
from src.evidence import seeds_of
from src.measure import recorded
from src.progress import load_steps, progress


def test_status_and_goal():
    assert claim("x", "c", [1, 2, 3], low=1).status == "pass" and claim("x", "c", [1, 2, 3], low=2).status == "short"
    assert claim("x", "c", [1, float("nan")]).status == "blocked" and claim("x", "c", []).status == "blocked"
    assert claim("x", "c", [0], low=0, high=0, form=".0f").goal == "exactly 0"
    assert claim("x", "c", [0.99], low=0.9, form=".0%").goal == "≥ 90%" and claim("x", "c", [1]).goal == "reported"
    row = claim("x", "c", [3, 1, 2], low=2, why="because").to_dict()
    assert row["ours"] == 2 and row["range"] == [1, 3] and row["seeds"] == 3 and row["why"] == "because"
    assert claim("x", "c", [3], low=2, why="because").to_dict()["why"] == ""


@pytest.mark.parametrize("group", GROUPS)
def test_rows_are_complete_and_unique(group):
    result = CliRunner().invoke(app, [group, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert len({row["id"] for row in found}) == len(found) > 20
    for row in found:
        assert set(row) == {"id", "claim", "ours", "range", "seeds", "anchor", "goal", "status", "why", "kind"}
        assert row["status"] in {"pass", "short", "blocked"} and row["kind"] in {"recomputed", "measured"}
        assert row["status"] == "pass" or row["why"], row
        assert row["seeds"] >= 3 or row["id"][0] in "HCM", row  # networks written by hand have no seed


def test_unknown_group():
    result = CliRunner().invoke(app, ["subtraction"])
    assert result.exit_code == 2 and "subtraction" in result.stderr


def test_a_run_of_ones_own_must_be_a_run():
    for group, run in (("residues", "runs/nothing"), ("addition", "runs/addition/seed-0")):
        result = CliRunner().invoke(app, [group, "--run", run])
        assert result.exit_code == 2 and "--run" in result.stderr


def test_prediction_interval():
    draws = np.random.default_rng(0).normal(size=(2000, 6))
    inside = [low <= row[5] <= high for row in draws for low, high in [prediction_interval(row[:5].tolist(), 0.9)]]
    assert 0.88 < np.mean(inside) < 0.95  # a little over: the interval is never narrower than the range
    assert prediction_interval([2.0, 2.0]) == (2, 2) and prediction_interval([2.0]) == (-np.inf, np.inf)


def test_the_markdown_lists_every_row_and_every_shortfall():
    found = rows()
    table, short = claims_markdown(found), shortfalls_markdown(found)
    assert table.count("\n") == len(found) + 1
    assert all((f"**{row.id}**" in short) == (row.status != "pass") for row in found)


def test_a_random_seed_recomputed_agrees_with_the_measurement():
    stored, seeds = analysis(), seeds_of("addition")
    i = int(np.random.default_rng().integers(len(seeds)))
    fresh = analyse(load_run(*seeds[i]))
    for name, value in fresh.items():
        kept = stored[name][i]
        kept = kept[: len(value)] if value.ndim else kept
        np.testing.assert_allclose(kept, value, rtol=2e-3, atol=1e-6, err_msg=f"seed {i}: {name}")


def test_the_committed_steps_agree_with_the_recorded_course():
    course = recorded("addition-progress")
    key = course["key"][0][course["key"][0] > 0]
    steps = load_steps("addition", 0)
    fresh = progress(steps[-4:], key)
    at = np.searchsorted(course["step"][0], fresh["step"])
    for name in ("loss_valid", "restricted_all", "excluded_train", "gini_W_E", "gini_W_L", "sum_squares", "active"):
        np.testing.assert_allclose(course[name][0][at], fresh[name], rtol=2e-3, err_msg=name)
    assert (lead(course) > 0).all()
