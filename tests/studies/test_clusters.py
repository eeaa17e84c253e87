"""Groups of neurons that know no labels: on a hand-written network they are the primes', and random groups are not."""

from dataclasses import replace

import numpy as np
import pytest

from src.circuits.by_hand import phase_network, phase_neurons
from src.network.presets import preset
from src.network.runs import Run
from src.network.tasks import make_dataset
from src.studies.clusters import adjusted_rand, clusters, group_circuits, purity
from src.studies.scrubbing import shuffled_groups

P = 31
TRUE = phase_neurons(P, 7)
LABEL = np.where(TRUE.a0 > 0, TRUE.q, 0)  # the constant neuron of the prime 2 is silent, as are those that are left over


@pytest.fixture(scope="module")
def built():
    config = replace(preset("laptop"), p=P, d_mlp=len(LABEL) + 5)
    return Run(config, phase_network(config, 7), make_dataset(config), 0, (0,), {}, {}, "")


def test_clusters_are_the_primes_of_a_hand_written_network(built):
    groups, label = clusters(built, len(np.unique(LABEL))), np.append(LABEL, np.zeros(5, int))
    assert groups.shape == (11, len(label)) and (groups.sum(axis=0) == 1).all()
    assert purity(groups, label) == 1 and adjusted_rand(groups, label) == pytest.approx(1)
    chance = shuffled_groups(groups)
    assert (chance.sum(axis=1) == groups.sum(axis=1)).all()
    assert purity(chance, label) < 0.5 and abs(adjusted_rand(chance, label)) < 0.1


def test_a_circuit_over_clusters_holds_the_primes_neurons_and_one_over_random_groups_needs_more(built):
    groups, label = clusters(built, 11), np.append(LABEL, np.zeros(5, int))
    found, chance = (group_circuits(built, some, label, [13, 29]) for some in (groups, shuffled_groups(groups)))
    assert (found["faithful"] > 0.9).all() and (found["held"] == 1).all() and (found["groups"] == 1).all()
    assert (found["own"] == 1).all() and (found["auroc"] == 1).all() and (found["rank"] == 1).all()
    assert (chance["groups"] > 2).all() and (chance["own"] < 0.5).all()


def test_agreement_of_partitions():
    label = np.asarray([0, 0, 1, 1, 2, 2])
    same, rows = label == np.arange(3)[:, None], np.random.default_rng(0).integers(0, 4, (200, 60))
    assert adjusted_rand(same, label) == 1 and purity(same, label) == 1
    assert adjusted_rand(np.ones((1, 6), bool), label) == 0 and purity(np.ones((1, 6), bool), label) == pytest.approx(1 / 3)
    random = [adjusted_rand(row == np.arange(4)[:, None], rows[0]) for row in rows[1:]]
    assert abs(np.mean(random)) < 0.01
