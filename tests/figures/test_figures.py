"""Every figure of the gallery draws for both targets, is described, and is the same each time."""

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")

from src.figures import GALLERY, WIDTH, attention_from_readout, fig_decades, save_gallery
from src.network.paths import PACKAGE
from src.network.runs import load_run
from src.numbers.integers import is_prime

ROOT = PACKAGE.parent


@pytest.mark.parametrize("name", GALLERY)
def test_figures_draw_and_are_described(name):
    entry = GALLERY[name]
    assert len(entry.alt) > 60 and entry.caption.endswith(".") and entry.call.startswith("fig_")
    for target, width in WIDTH.items():
        figure = entry.make(target)
        assert figure.get_size_inches()[0] == width
        assert any(ax.has_data() for ax in figure.axes)


def test_unknown_target():
    with pytest.raises(ValueError, match="poster"):
        fig_decades(target="poster")


def test_the_pictures_are_the_same_each_time_and_the_readmes_is_current(tmp_path):
    save_gallery(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {f"{name}.{kind}" for name in GALLERY for kind in ("svg", "pdf")}
    save_gallery(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    assert first["learning.svg"] == (ROOT / "figures" / "learning.svg").read_bytes(), "run make site and commit figures/learning.svg"


def test_the_decades_picture_shows_the_primes():
    image = fig_decades().axes[0].images[0].get_array()
    assert image.shape == (36, 100) and image.sum() == sum(is_prime(10 * d + e) for d in range(100, 1000) for e in (1, 3, 7, 9))


def test_attention_is_a_distribution():
    run = load_run("laptop")
    pattern = attention_from_readout(run)
    assert pattern.shape == (53**2, run.config.n_heads, 3)
    np.testing.assert_allclose(pattern.sum(axis=-1), 1, atol=1e-5)
