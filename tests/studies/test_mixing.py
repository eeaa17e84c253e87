"""Two waves of a neuron: planted ones are found, and how they meet is told from chance."""

from dataclasses import replace

import numpy as np

from src.circuits.by_hand import phase_network, phase_neurons
from src.lens.fourier import rational_dictionary
from src.network.presets import preset
from src.network.runs import Run, load_run
from src.network.tasks import make_dataset
from src.studies.algorithm import extract
from src.studies.alphabet import letters
from src.studies.mixing import pairs, served, two_waves

P = 53


def test_a_network_written_by_hand_has_one_wave_a_neuron():
    config = replace(preset("laptop"), p=23)
    found = two_waves(Run(config, phase_network(config, 7), make_dataset(config), 0, (0,), {}, {}, ""))
    true = phase_neurons(23, 7)
    waves = np.flatnonzero((true.a0 > 0) & (true.q > 2))
    assert (found["q"][waves] == true.q[waves]).all() and (found["second"][waves] < 1e-6).all()
    np.testing.assert_allclose(found["to_first"][waves], 1, atol=1e-6)
    np.testing.assert_allclose(found["to_other"][waves], 0, atol=1e-6)


def test_labels_are_those_of_the_algorithm_and_two_waves_have_more_than_one():
    run = load_run("laptop")
    found, neurons = two_waves(run), extract(run)
    assert (found["q"] == neurons.q).all() and (found["k"] == neurons.k).all()
    total = found["first"] + found["second"]
    assert (found["second"] >= -1e-12).all() and (total <= 1 + 1e-9).all()
    shares = (
        found["to_first"]
        + np.where(found["q2"] == found["q"], 0, found["to_second"])
        + found["to_other"] * np.where(found["q2"] == found["q"], 14, 13)
    )
    np.testing.assert_allclose(shares, 1, atol=1e-9)


def planted(shared):
    """300 neurons with two waves of two primes each; with `shared`, the second has the first one's letter on one digit."""
    d, rng, rows = rational_dictionary(P), np.random.default_rng(0), []
    near = [np.abs(x[:, None] - x[None, :]) <= 0.5 for x in letters(P)]
    while len(rows) < 300:
        i = rng.integers(len(d.q))
        fits = (near[0][i] ^ near[1][i]) if shared else ~(near[0][i] | near[1][i])
        others = np.flatnonzero(fits & (d.q != d.q[i]))
        if d.q[i] > 2 and len(others):
            rows.append((i, rng.choice(others)))
    one, two = np.asarray(rows).T
    few = {name: np.full(300, 0.1) for name in ("to_first", "to_second", "to_other")}
    return {"q": d.q[one], "k": d.k[one], "q2": d.q[two], "k2": d.k[two], "first": np.full(300, 0.5), **few}


def test_shared_letters_are_told_from_chance():
    a, apart = planted(True), planted(False)
    assert pairs(a, P) == {"prime": 0, "both": 0, "one": 1} and pairs(apart, P) == {"prime": 0, "both": 0, "one": 0}
    assert pairs(a, P, seed=0)["one"] < 0.3
    labelled = {**a, "first": np.where(np.arange(300) < 100, 0.5, 0.9), "to_second": np.where(np.arange(300) < 100, 0.2, 0.0)}
    assert abs(served(labelled)["to_second"] - 0.2) < 1e-12  # neurons of one wave are left out
