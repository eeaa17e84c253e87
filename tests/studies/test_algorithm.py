"""The algorithm, written by hand and run, against arithmetic; extraction, against weights whose algorithm is known."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from src.circuits.by_hand import carry_network, join, parity_neurons, phase_network, phase_neurons, wave_neurons
from src.network.model import predict
from src.network.packing import margins, split_logits
from src.network.presets import preset
from src.network.runs import Run, load_run
from src.network.tasks import make_dataset
from src.studies.algorithm import execute, extract, idealise


def wrong(logits, data):
    return int((margins(logits, data.labels, data.widths) <= 0).sum())


@pytest.mark.parametrize("p", [5, 11, 53, 113])
def test_the_algorithm_from_theory_is_trial_division(p):
    data = make_dataset(preset("smoke").override([f"p={p}"]))
    assert wrong(execute(phase_neurons(p), p), data) == 0


@pytest.mark.parametrize("name", ["laptop", "paper", "paper-standard"])
@pytest.mark.parametrize("write", [phase_network, carry_network])
def test_hand_written_weights_are_exact_in_the_papers_architectures(name, write):
    config = preset(name)
    data = make_dataset(config)
    logits = np.asarray(predict(write(config), jnp.asarray(data.tokens)))
    assert wrong(logits, data) == 0
    if write is carry_network:
        for part in split_logits(logits, data.widths):
            assert (part == np.round(part)).all()  # integers all the way, exact in float32


def test_the_weights_compute_what_the_nine_numbers_say():
    config = preset("laptop")
    data = make_dataset(config)
    np.testing.assert_allclose(predict(phase_network(config, 7), jnp.asarray(data.tokens)), execute(phase_neurons(53, 7), 53), atol=2e-5)


def test_extraction_reads_hand_written_weights_back():
    config = replace(preset("laptop"), p=23)
    data = make_dataset(config)
    found = extract(Run(config, phase_network(config, 7), data, 0, (0,), {}, {}, ""))
    true = phase_neurons(23, 7)
    m = len(true.q)
    waves = true.a0 > 0
    for name in ("q", "k", "a0", "a1", "b"):
        np.testing.assert_allclose(getattr(found, name)[:m][waves], getattr(true, name)[waves], atol=1e-4, err_msg=name)
    for name in ("phi0", "phi1", "psi"):
        turn = getattr(found, name)[:m][waves] - getattr(true, name)[waves]
        np.testing.assert_allclose(np.cos(turn), 1, atol=1e-6, err_msg=name)
    assert wrong(execute(with_constant(found, m), 23), data) == 0


def with_constant(neurons, m):
    """The first m neurons, with the constant one's label put back: a constant has no frequency to read."""
    true = phase_neurons(23, 7)
    fields = [np.where(true.a0 > 0, field[:m], kept) for field, kept in zip(neurons, true, strict=True)]
    return type(neurons)(*fields)


@pytest.mark.parametrize("name", ["laptop", "paper", "paper-standard"])
def test_the_read_out_phase_is_the_sum(name):
    neurons = extract(load_run(name))
    turn = np.angle(np.exp(1j * (neurons.psi - neurons.phi0 - neurons.phi1)))
    assert np.median(np.abs(turn)) < 0.1  # a random phase would give pi / 2


def test_shuffling_what_was_extracted_destroys_it():
    """The control: the same strengths on the wrong frequencies say nothing of n mod q."""
    run = load_run("laptop")
    neurons = extract(run)
    shifted = neurons._replace(psi=neurons.psi + 2 * np.pi * np.random.default_rng(0).random(len(neurons.q)))
    assert wrong(execute(idealise(neurons), 53), run.dataset) < 0.3 * run.dataset.labels.size
    assert wrong(execute(shifted, 53), run.dataset) > 0.8 * run.dataset.labels.size * np.mean([1 - 1 / w for w in run.dataset.widths])


def test_fewer_phases_than_five_are_not_enough():
    data = make_dataset(preset("smoke").override(["p=23"]))
    few = join([parity_neurons() if q == 2 else wave_neurons(q, 1, 3) for q in data.widths])
    assert wrong(execute(few, 23), data) > 0


def test_bad_input():
    with pytest.raises(ValueError, match="d_head=32"):
        phase_network(replace(preset("laptop"), p=113))
    with pytest.raises(ValueError, match="four heads"):
        carry_network(replace(preset("laptop"), n_layers=2))
    with pytest.raises(ValueError, match="addition"):
        extract(load_run("addition"))


def test_margins():
    logits, labels = np.asarray([[1.0, 3.0, 0.0, 5.0, 2.0]]), np.asarray([[1, 2]])
    np.testing.assert_allclose(margins(logits, labels, (2, 3)), [[2.0, -3.0]])
