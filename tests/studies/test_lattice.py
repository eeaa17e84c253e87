"""Phases on a lattice: exact, with larger margins than equal phases, and the cost that is said to be the network's."""

import jax.numpy as jnp
import numpy as np
import pytest

from src.circuits.by_hand import lattice_neurons, phase_network, phase_neurons, wave_neurons
from src.network.model import predict
from src.network.packing import margins
from src.network.presets import preset
from src.network.tasks import make_dataset
from src.studies.by_hand import decay_cost
from src.studies.lattice import arrange, compare, odd_margins, spread_frequencies, weights_cost


@pytest.mark.parametrize("p", [31, 53])
def test_the_lattice_is_exact_for_all_n(p):
    lattice, equal = (odd_margins(arrange(p, write), p) for write in (lattice_neurons, lambda q, k: wave_neurons(q, k, 5)))
    assert lattice.min() > 5 * equal.min() > 0


def test_a_step_of_one_is_equal_phases():
    lattice, equal = lattice_neurons(13, 2, 5, 1, 3.0), wave_neurons(13, 2, 5, 3.0)
    for one, other in zip(lattice, equal, strict=True):
        np.testing.assert_allclose(one, other)


def test_random_phases_of_the_digits_are_not_exact():
    rng = np.random.default_rng(0)

    def scattered(q, k):
        return lattice_neurons(q, k)._replace(phi1=rng.uniform(0, 2 * np.pi, 14))

    assert odd_margins(arrange(31, scattered), 31).min() < 0


def test_the_cost_of_the_numbers_is_that_of_the_weights():
    config = preset("laptop")
    model, data = phase_network(config, 5), make_dataset(config)
    m = np.quantile(margins(np.asarray(predict(model, jnp.asarray(data.tokens))), data.labels, data.widths), 0.01)
    assert weights_cost(phase_neurons(53), 53, float(m)) == pytest.approx(decay_cost(model, float(m)), rel=1e-4)


def test_frequencies_part_the_classes():
    assert spread_frequencies(3, 4) == [1] and spread_frequencies(13, 1) == [1]
    for q in (13, 47, 109):
        k = np.asarray(spread_frequencies(q, 4))
        gaps = (1 - np.cos(2 * np.pi * np.outer(np.arange(1, q), k) / q)).sum(axis=1)
        assert len(set(k)) == 4 and k.max() <= q // 2 and gaps.min() > 10 * (1 - np.cos(2 * np.pi / q))


def test_arrangements_compared():
    found = compare(31, (1, 2))
    assert (found["wrong"] == 0).all() and found["neurons"].tolist()[0] == [45, 81, 126, 126] and found["smallest"].shape == (2, 4, 9)
    assert (found["cost"][:, 3] < found["cost"][:, 0]).all() and (found["cost"][1] < found["cost"][0]).all()
    assert (found["cost_rescaled"] < found["cost"]).all()
