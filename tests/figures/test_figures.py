"""Every figure of the gallery draws for both targets, is described, and is the same each time."""

import builtins

import matplotlib
import numpy as np
import pytest
from typer.testing import CliRunner

matplotlib.use("Agg")

from src import documents
from src.figures import GALLERY, WIDTH, attention_from_readout, calls, fig_decades, save_gallery
from src.figures.__main__ import app
from src.figures.gallery import write
from src.figures.own import OWN, draw
from src.network.definitions import global_names
from src.network.paths import PACKAGE, checkpoints
from src.network.runs import load_run
from src.numbers.integers import is_prime
from src.results.registry import arrays
from src.studies.arrays import unstack

ROOT = PACKAGE.parent


@pytest.mark.slow
@pytest.mark.parametrize("name", GALLERY)
def test_figures_draw_are_described_and_are_the_same_each_time(name, tmp_path):
    entry = GALLERY[name]
    assert len(entry.alt) > 60 and entry.caption.endswith(".")
    figure, files = write(name, entry, tmp_path), {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert figure.get_size_inches()[0] == WIDTH["paper"] and any(ax.has_data() for ax in figure.axes)
    assert set(files) == {f"{name}.svg", f"{name}.pdf"}
    if list(GALLERY).index(name) % 5 == 0:  # what makes a slide, and files the same each time, is common to all
        assert entry.make("slide").get_size_inches()[0] == WIDTH["slide"]
        write(name, entry, tmp_path)
        assert files == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    if name == "learning":  # the one that is committed, for the README
        assert files["learning.svg"] == (ROOT / "figures" / "learning.svg").read_bytes(), "run make site and commit figures/learning.svg"


def test_the_gallery_is_written_whole(tmp_path, monkeypatch):
    few = {name: entry for name, entry in GALLERY.items() if name in ("decades", "primes-polar")}
    monkeypatch.setattr("src.figures.gallery.GALLERY", few)  # a dictionary that loses and regains its entries would change their order
    assert save_gallery(tmp_path) == ["primes-polar", "decades"]
    assert {path.name for path in tmp_path.iterdir()} == {"decades.svg", "decades.pdf", "primes-polar.svg", "primes-polar.pdf"}


def test_every_figure_says_the_call_that_makes_it():
    assert set(calls()) == set(GALLERY) and all(call.startswith("fig_") and "target" not in call for call in calls().values())
    names = {name for call in calls().values() for name in global_names(compile(call, "<call>", "eval"))}
    assert names - set(dir(builtins)) <= set(dir(documents))  # so that a call runs as it is printed
    assert calls()["dissociation"] == "fig_dissociation(arrays('paper-analysis'), 113)"


def test_unknown_target():
    with pytest.raises(ValueError, match="poster"):
        fig_decades(target="poster")


def test_the_decades_picture_shows_the_primes():
    image = fig_decades().axes[0].images[0].get_array()
    assert image.shape == (36, 100) and image.sum() == sum(is_prime(10 * d + e) for d in range(100, 1000) for e in (1, 3, 7, 9))


def test_attention_is_a_distribution():
    run = load_run("laptop")
    pattern = attention_from_readout(run)
    assert pattern.shape == (53**2, run.config.n_heads, 3)
    np.testing.assert_allclose(pattern.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(("name", "run"), [(name, "addition" if own.task == "addition" else "laptop") for name, own in OWN.items()])
def test_a_figure_of_a_run_of_ones_own(name, run, monkeypatch):
    """What is analysed is looked up: that it is the same when made anew, other tests show."""
    monkeypatch.setattr("src.figures.own.analyse", lambda one: unstack(arrays("laptop-analysis"))[one.config.seed])
    monkeypatch.setattr("src.figures.own.addition.analyse", lambda one: unstack(arrays("addition-analysis"))[one.config.seed])
    monkeypatch.setattr("src.figures.own._course", lambda one: {k: v[:1] for k, v in arrays("addition-progress").items()})
    assert draw(name, load_run(run)).axes
    if OWN[name].task:
        with pytest.raises(ValueError, match=f"figure {name}: is of runs on {OWN[name].task}"):
            draw(name, load_run("miu"))


def test_the_command_draws_a_run_in_any_format_and_names_what_is_wrong(tmp_path):
    run = lambda *arguments: CliRunner().invoke(app, list(arguments))  # noqa: E731
    listed = run()
    assert listed.exit_code == 0 and all(name in listed.stdout for name in OWN)
    for ending, start in ((".pdf", b"%PDF"), (".png", b"\x89PNG"), (".svg", b"<?xml")):
        path = tmp_path / f"a{ending}"
        assert run("learning", str(checkpoints() / "laptop" / "seed-1"), "--out", str(path)).exit_code == 0
        assert path.read_bytes().startswith(start)
    for arguments, message in (
        (("nothing",), "no figure 'nothing'"), (("learning", "nowhere"), "nowhere"), (("removal", "laptop"), "is of runs on addition"),
        (("learning", "laptop", "--out", str(tmp_path / "a.xyz")), "the ending says the format"),
        (("learning", "laptop", "--out", str(tmp_path / "b" / "a.svg")), "there is no folder"),
    ):  # fmt: skip
        wrong = run(*arguments)
        assert wrong.exit_code == 2 and message in wrong.stderr and len(wrong.stderr.strip().splitlines()) == 1
