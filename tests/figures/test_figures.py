"""Every figure of the gallery draws for both targets, is described, and is the same each time."""

import builtins

import matplotlib
import numpy as np
import pytest
from typer.testing import CliRunner

matplotlib.use("Agg")

from src import documents
from src.figures import GALLERY, PARTS, WIDTH, attention_from_readout, calls, fig_decades, fig_mechanism, fig_over_p, places, save_gallery
from src.figures.__main__ import app
from src.figures.gallery import write
from src.figures.own import OWN, draw
from src.figures.style import spread
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
    assert len(entry.alt) > 60 and entry.caption.endswith(".") and not entry.title.endswith(".")
    figure, files = write(name, entry, tmp_path), {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert figure.get_size_inches()[0] == WIDTH["paper"] and any(ax.has_data() for ax in figure.axes)
    assert set(files) == {f"{name}.svg", f"{name}.pdf"}
    assert len(files[f"{name}.svg"]) <= 200_000
    if list(GALLERY).index(name) % 5 == 0:  # what makes a slide, and files the same each time, is common to all
        assert entry.make("slide").get_size_inches()[0] == WIDTH["slide"]
        assert eval(calls()[name], dict(vars(documents))).get_size_inches()[0] == WIDTH["paper"]
        write(name, entry, tmp_path)
        assert files == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    if name == "learning":  # the one that is committed, for the README
        assert files["learning.svg"] == (ROOT / "figures" / "learning.svg").read_bytes(), "run make site and commit figures/learning.svg"


def test_the_gallery_is_written_whole(tmp_path, monkeypatch):
    few = {name: entry for name, entry in GALLERY.items() if name in ("decades", "primes-polar")}
    monkeypatch.setattr("src.figures.gallery.GALLERY", few)  # a dictionary that loses and regains its entries would change their order
    assert save_gallery(tmp_path) == ["primes-polar", "decades"]
    assert {path.name for path in tmp_path.iterdir()} == {"decades.svg", "decades.pdf", "primes-polar.svg", "primes-polar.pdf"}


def test_parts_divide_the_gallery():
    assert sum(len(part) for part in PARTS.values()) == len(GALLERY)
    assert len({entry.title for entry in GALLERY.values()}) == len(GALLERY)


def test_where_a_figure_is_used_is_found_in_the_documents(tmp_path):
    (tmp_path / "paper").mkdir()
    (tmp_path / "slides").mkdir()
    cell = "```{python}\n#| label: fig-a\nfig_decades()\n```\n"
    (tmp_path / "paper" / "index.qmd").write_text(f'---\ntitle: "P"\n---\n## The table {{#sec-t}}\n{cell}{{{{< include part.qmd >}}}}\n')
    (tmp_path / "paper" / "part.qmd").write_text("## Blocks\n```{python}\nfig_learning(standard)\n```\n")
    (tmp_path / "slides" / "index.qmd").write_text(f"## It's 1 table? {{.smaller}}\n{cell}```{{python}}\nfig_learning(paper)\n```\n")
    found = places(tmp_path)
    assert [tuple(place) for place in found["decades"]] == [
        ("Paper: The table", "paper/index.qmd#fig-a"), ("Talk: It's 1 table?", "slides/index.qmd#its-1-table"),
    ]  # fmt: skip
    assert [place.href for place in found["learning-standard"]] == ["paper/index.qmd#blocks"]
    assert [place.href for place in found["learning"]] == ["slides/index.qmd#its-1-table"] and found["miu"] == []


def test_labels_are_moved_apart_and_keep_their_order():
    values = np.asarray([3.0, 1.0, 1.1, 1.05])
    places = spread(values, 0.5)
    assert (np.argsort(places) == np.argsort(values)).all() and np.diff(np.sort(places)).min() > 0.5 - 1e-9
    assert places[0] == 3.0 and abs(places[1:].mean() - values[1:].mean()) < 1e-9


@pytest.mark.parametrize("target", WIDTH)
def test_the_mechanism_draws_any_number_and_divisor(target):
    run = load_run("laptop")
    for n, q in ((0, 2), (53 * 53 - 1, 47), (1517, 37)):
        figure = fig_mechanism(run, n, q, target=target)
        assert figure.get_size_inches()[0] == WIDTH[target]
        said = "\n".join(text.get_text() for ax in figure.axes for text in ax.texts)
        assert f"where {n % q} of {q} is" in said
    with pytest.raises(ValueError, match="q=53"):
        fig_mechanism(run, 5, 53)


def test_more_networks_over_p_have_a_colour_and_a_name():
    sweep, p = documents.over_p()
    figure = fig_over_p(sweep, p, more={"wider": ({name: values[:2] for name, values in sweep.items()}, (257, 307))})
    assert "wider" in [text.get_text() for text in figure.axes[1].texts]


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
