"""What a network needs: known curves are found again."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.network.presets import preset
from src.network.runs import list_runs, load_run
from src.results.evidence import errors_over_compute
from src.studies.growth import needed, operations
from src.studies.outcomes import errors, wrong_cells


@given(st.floats(70, 180), st.floats(2, 8))
def test_where_a_line_in_logarithms_falls_below(at, slope):
    values = np.asarray([64, 96, 128, 192.0])
    wrong = 1e-4 * 1e9 * (values / at) ** -slope
    assert needed(values, wrong, 1e9) == pytest.approx(at)


def test_ends_and_noise():
    values = np.asarray([1.0, 2, 4])
    assert needed(values, np.asarray([9, 9, 9]), 100) == np.inf
    assert needed(values, np.zeros(3), 1e6) == 1
    assert 2 < needed(values, np.asarray([0, 900, 0]), 1e6) < 4  # a lucky value below a failing one does not count


def test_operations_are_those_of_the_compiled_products():
    """Against XLA's own count of the same products; ReLU and sums add a little."""
    rows, d, m, outputs = 64, 32, 128, 100
    shapes = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((rows, d), (d, m), (m, d), (d, outputs))]

    def loss(x, w_in, w_out, w_u):
        return (jax.nn.relu(x @ w_in) @ w_out @ w_u).sum() ** 2

    counted = jax.jit(jax.grad(loss, argnums=(0, 1, 2, 3))).lower(*shapes).compile().cost_analysis()["flops"]
    assert operations(rows, d, m, outputs) == pytest.approx(counted, rel=0.02)


@pytest.mark.parametrize(("run", "seed"), [(run, seed) for run, seed in list_runs() if seed == 0])
def test_wrong_cells_over_training_end_where_the_manifest_says(run, seed):
    found = load_run(run, seed)
    course = wrong_cells(found)
    assert course[-1] == found.manifest["wrong_cells"] and len(course) == len(found.metrics["step"])
    assert course[0] > 0.3 * found.manifest["cells"]  # before training most are wrong, or a third where two of three are of one class
    kept = errors([[found]])
    assert kept["course_wrong"].tolist() == [course.tolist()] and kept["wrong_cells"].tolist() == [[course[-1]]]


def test_errors_over_compute_are_the_committed_runs_and_the_sweeps():
    for (block, presets), (run, exact) in zip(
        errors_over_compute().items(), (("paper", "exact"), ("paper-standard", "exact-standard")), strict=True
    ):
        assert block == {"sas": "simplified", "standard": "standard"}[preset(run).block] and list(presets) == [run, exact]
        for seed, (done, wrong) in enumerate(presets[run]):
            network = load_run(run, seed)
            of_step = operations(len(network.dataset.train_idx), *network.model.blocks[0].mlp.W_in.shape, network.model.W_U.shape[1])
            assert done[-1] == pytest.approx(of_step * network.step) and wrong[-1] == network.manifest["wrong_cells"]
        assert all(len(done) == len(wrong) and (np.diff(done) > 0).all() for done, wrong in presets[exact])
