"""The course of the algorithm: the quick reading is the slow one, and what moves first is told by one rule."""

import numpy as np
import pytest

from src.circuits.by_hand import Neurons
from src.network.runs import load_run
from src.results.evidence import neurons_of
from src.studies.formation import formation, key_waves, lead, moves, reaches, read
from src.studies.ladder import anatomy, reference, share
from src.studies.torus import formula, wave_strengths


@pytest.fixture(scope="module")
def laptop():
    return anatomy(load_run("laptop"))


def test_the_quick_reading_is_nearly_the_slow_one(laptop):
    quick, slow = read(laptop), neurons_of("laptop")
    same = (quick.q == slow.q) & (quick.k == slow.k)
    assert same.mean() > 0.98
    for name in ("phi0", "psi"):
        turn = np.angle(np.exp(1j * (getattr(quick, name) - getattr(slow, name))))[same]
        assert np.median(np.abs(turn)) < 0.02, name
    np.testing.assert_allclose(quick.b[same], slow.b[same], rtol=1e-6)
    r = reference(laptop.logits, load_run("laptop").dataset.labels, laptop.widths)
    both = [share(formula(*wave_strengths(n), 53), r) for n in (quick, slow)]
    np.testing.assert_allclose(*both, atol=0.01)


def test_key_waves_are_of_n_mod_q():
    neurons = Neurons(np.asarray([7, 7, 2]), np.asarray([1, 3, 1]), *(np.ones(3) for _ in range(7)))
    waves = key_waves(neurons, 11, 7)
    np.testing.assert_allclose(waves.T @ waves, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(waves[:114], waves[7:121], atol=1e-12)  # period 7
    assert key_waves(neurons, 11, 2).shape == (121, 1) and key_waves(neurons, 11, 5).shape == (121, 0)


def test_a_measure_moves_when_it_has_gone_half_of_the_way():
    course = {"step": np.asarray([[0, 10, 20, 30]]), "valid_accuracy": np.asarray([[0.0, 0.1, 0.2, 1.0]]),
              "formula": np.asarray([[-1.0, 0.2, 0.9, 0.9]]), "balance": np.asarray([[0.4, 0.4, 0.4, 0.1]])}  # fmt: skip
    assert moves(course, "formula") == 10 and lead(course, "formula") == 20 and lead(course, "balance") == 0
    blind = {**course, "balance": np.asarray([[np.nan, 0.9, 0.4, 0.1]]), "formula": np.asarray([[0.9, 0.1, 0.2, 0.9]])}  # no waves at first
    assert moves(blind, "formula") == 30 and moves(blind, "balance") == 20
    null = {**course, "balance": np.asarray([[0.4, 0.3, 0.05, 0.1]]), "formula": np.asarray([[-1.0, -0.9, 0.1, 0.1]])}
    assert reaches(null, course, "balance") == 20 and reaches(null, course, "formula") == np.inf  # .1 falling, .2 rising


@pytest.mark.slow
def test_a_trained_network_ends_with_the_account():
    run = load_run("laptop")
    found = formation([run])
    assert found["formula"][0] > 0.9 and found["balance"][0] < 0.1 and found["one_digit"][0] < 0.05
    assert found["restricted"][0] < 0.5 < found["excluded"][0]
