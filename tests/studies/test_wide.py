"""A network taken apart in pieces is the same network: the studies that hold all of it at once say the same."""

import numpy as np
import pytest

from src.network.runs import committed_seeds, load_run
from src.network.verify import ROUNDING
from src.results.registry import arrays
from src.studies import cancellation, ladder, residues, wide
from src.studies.algorithm import extract, label_neurons, read_off
from src.studies.composition import primality
from src.studies.torus import formula, wave_strengths


@pytest.fixture(scope="module")
def run():
    return load_run("laptop")


@pytest.fixture(scope="module")
def apart(run):
    return wide.take_apart(run)


@pytest.fixture(scope="module")
def whole(run):
    return ladder.anatomy(run)


def test_a_cut_network_is_the_network(run, whole):
    a = wide.cut(run)
    np.testing.assert_allclose(a.pre, whole.pre, atol=1e-4)
    np.testing.assert_allclose(np.maximum(a.pre, 0) @ a.W_L + a.mid @ a.W_U, whole.logits, atol=5e-3)


def test_answers_are_those_of_the_manifest(run, apart):
    assert apart["wrong"] == run.manifest["wrong_cells"] and tuple(apart["counts"]) == tuple(primality(run))


def test_neurons_are_those_of_the_other_reading(run, apart, whole):
    q, k, rational = label_neurons(whole.pre, whole.p)
    assert (apart["q"] == q).all() and (apart["k"] == k).all()
    np.testing.assert_allclose(apart["rational"], rational, atol=1e-5)
    ours, theirs = read_off(whole.pre, whole.W_L, q, k, whole.widths, whole.p), extract(run)
    for name, one, other in zip(ours._fields, ours, theirs, strict=True):
        turns = one - other if not name.startswith(("phi", "psi")) else np.angle(np.exp(1j * (one - other)))
        assert np.abs(turns).max() < 1e-3, name


def test_the_formula_is_the_ladders(run, apart, whole):
    account = formula(*wave_strengths(extract(run)), whole.p)
    r = ladder.reference(whole.logits, run.dataset.labels, whole.widths)
    found = ladder.compare(account, r)
    assert apart["formula_wrong"] == found["wrong"] and abs(apart["formula_share"] - found["share"]) < 1e-3
    assert apart["null_formula_share"] < 0.5 * apart["formula_share"]


def test_powers_are_those_of_cancellation(apart, whole):
    own = apart["q"][None, :] == np.asarray(whole.widths)[:, None]
    np.testing.assert_allclose(apart["powers"], cancellation.powers(whole, own), atol=1e-3)


def test_dissociation_is_that_of_the_analysis(run, apart, whole):
    groups = apart["q"][None, :] == np.asarray(whole.widths)[:, None]
    expected = residues.dissociation(run, np.maximum(whole.pre, 0), groups)
    np.testing.assert_allclose(apart["ablated"], expected, atol=2e-3)
    own = np.eye(len(whole.widths), dtype=bool)
    assert apart["ablated"][own].mean() < 0.5 < apart["ablated_random"][own].mean()


def test_what_is_recorded_of_the_committed_networks_is_what_they_say_of_themselves():
    found = arrays("wide-pieces")
    assert len(found["wrong"]) == len(committed_seeds("wide")) > 0
    for i, seed in enumerate(committed_seeds("wide")):
        run = load_run("wide", seed)
        assert abs(found["wrong"][i] - run.manifest["wrong_cells"]) <= ROUNDING
        rows = len(run.dataset.train_idx), len(run.dataset.valid_idx)
        said = sum(n * np.asarray(run.manifest[name]) for n, name in zip(rows, ("train_accuracy", "valid_accuracy"), strict=True))
        np.testing.assert_allclose(found["accuracy"][i], said / sum(rows), atol=(ROUNDING + 1) / sum(rows))
        assert found["counts"][i].sum() == run.config.p**2
