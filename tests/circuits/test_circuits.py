"""Circuits: planted ones are found, cut edges carry what they should, and scores are what their definitions say."""

import itertools
import json
from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Array
from typer.testing import CliRunner

from src.circuits.compiled import carry_case, cases, phase_case
from src.circuits.discovery import METHODS, METRICS, Metric, Task, acdc, acdc_order, attributions, damage, exhaustive, single_cuts
from src.circuits.faithfulness import (
    GRID,
    agreement,
    auroc,
    bootstrap_jaccard,
    by_role,
    choose,
    cmd,
    cpr,
    curve,
    faithfulness,
    incompleteness,
    jaccard,
    minimality,
    node_scores,
    paths,
    prefixes,
    reset,
)
from src.circuits.graph import ABLATIONS, Ablation, Edge, Graph, Node, activations, make_batch, residue_graph, run_masks
from src.circuits.programs import proportion_case
from src.discover import app
from src.network.config import Config
from src.network.model import Transformer, predict
from src.network.packing import split_logits
from src.network.runs import Run, load_run
from src.network.tasks import make_dataset
from src.network.trainer import train
from src.studies.circuits import prime_groups, task_batch, task_inputs
from src.studies.discover import groups_of, task_graph
from src.studies.positions import position_edges


class Linear(eqx.Module):
    W: Array

    def __call__(self, x: Array) -> Array:
        return x @ self.W


class Look(eqx.Module):
    W: Array
    position: int = eqx.field(static=True)

    def __call__(self, tokens: Array) -> Array:
        return jnp.zeros((2, self.W.shape[1]), jnp.float32).at[1].set(self.W[tokens[self.position]])


class Last(eqx.Module):
    W: Array

    def __call__(self, x: Array) -> Array:
        return x[-1] @ self.W


def planted(seed: int = 0) -> tuple[Graph, np.ndarray, np.ndarray]:
    """A linear network of two sources and three nodes with every edge, of which a -> m0 -> m2 -> out alone carries the answer: the graph,
    all inputs, and those three edges as a mask. Each node reads and writes coordinates of its own, so that other edges carry nothing."""
    rng, d = np.random.default_rng(seed), 16
    block = {name: slice(4 * i, 4 * i + 4) for i, name in enumerate(("a", "b", "m0", "m1"))}

    def through(read: str | None, write: slice | None) -> Linear:
        W = np.zeros((d, d), np.float32)
        if read is not None and write is not None:
            W[block[read], write] = np.linalg.qr(rng.normal(size=(4, 4)))[0]
        return Linear(jnp.asarray(W))

    def embed(name: str, position: int) -> Look:
        W = np.zeros((4, d), np.float32)
        W[:, block[name]] = np.eye(4)
        return Look(jnp.asarray(W), position)

    last = np.zeros((d, 4), np.float32)
    last[block["m1"]] = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    nodes = (
        Node("a", (), embed("a", 0)),
        Node("b", (), embed("b", 1)),
        Node("m0", ("in",), through("a", block["m0"])),
        Node("m1", ("in",), through(None, None)),
        Node("m2", ("in",), through("m0", block["m1"])),
        Node("out", ("in",), Last(jnp.asarray(last))),
    )
    edges = tuple(Edge(s.name, r.name, "in") for i, r in enumerate(nodes) if r.ports for s in nodes[:i])
    tokens = np.asarray([(i, j) for i in range(4) for j in range(4)])
    graph = Graph(nodes, edges)
    return graph, tokens, graph.mask([Edge("a", "m0", "in"), Edge("m0", "m2", "in"), Edge("m2", "out", "in")])


def planted_task(ablation: Ablation = "resample", metric: Metric = "loss") -> tuple[Task, np.ndarray]:
    graph, tokens, truth = planted()
    labels = np.asarray(activations(graph, jnp.asarray(tokens))[0].argmax(axis=-1))
    return Task(graph, make_batch(graph, tokens, labels, ablation, seed=1), metric), truth


@pytest.mark.parametrize("ablation", ABLATIONS)
@pytest.mark.usefixtures("optax_promotes")  # edge pruning trains its mask
@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_a_planted_circuit_of_three_edges(method, ablation):
    task, truth = planted_task(ablation)
    assert len(truth) == 14
    assert auroc(METHODS[method](task), truth) == 1
    assert (choose(task, METHODS[method](task)) == truth).all()


@pytest.mark.parametrize("ablation", ABLATIONS)
def test_attribution_is_exact_on_a_linear_network(ablation):
    task, _ = planted_task(ablation, "logit_diff")
    exact = single_cuts(task)
    assert np.abs(exact).max() > 0.1
    for steps in (1, 5):
        assert np.allclose(attributions(task, steps), exact, atol=1e-5)


@pytest.mark.parametrize("run", ["laptop", "paper"])
def test_all_edges_on_is_the_network_and_all_off_the_other_input(run):
    loaded, q = load_run(run), 13
    graph = residue_graph(loaded.model, loaded.config, prime_groups(loaded), q)
    tokens, labels = task_inputs(loaded, q, rows=32)
    whole = split_logits(predict(loaded.model, jnp.asarray(tokens)), loaded.dataset.widths)[loaded.dataset.widths.index(q)]
    ends = np.asarray([[1.0], [0.0]]) * np.ones(len(graph.edges))
    for ablation in ABLATIONS:
        batch = make_batch(graph, tokens, labels, ablation)
        on, off = np.asarray(run_masks(graph, ends, batch))[..., :q]
        assert np.allclose(on, whole, atol=1e-4) and np.allclose(batch.whole[:, :q], whole, atol=1e-4)
        if ablation == "resample":  # the logits of another input, each once
            distance = np.abs(off[:, None] - np.asarray(whole)).max(axis=-1)
            partner = distance.argmin(axis=1)
            assert distance.min(axis=1).max() < 1e-4 and sorted(partner) == list(range(32)) and (partner != np.arange(32)).all()
        if ablation == "zero":
            assert np.allclose(off, 0)


def naive_acdc(task: Task, threshold: float) -> np.ndarray:
    kept = np.ones(len(task.graph.edges), dtype=bool)
    now = task.mean_damage(kept[None])[0]
    for edge in acdc_order(task.graph):
        less = kept.copy()
        less[edge] = False
        after = task.mean_damage(less[None])[0]
        if after - now < threshold:
            kept, now = less, after
    return kept


@pytest.mark.parametrize("share", [1e-4, 0.02, 0.3])
def test_acdc_ahead_is_acdc_one_at_a_time(share):
    case = carry_case(5, 11, rows=64)
    task = case.task("zero")
    threshold = share * task.damage_of_nothing()
    found = acdc(task, threshold)
    assert (found.kept == acdc(task, threshold, ahead=1).kept).all() and (found.kept == naive_acdc(task, threshold)).all()
    assert 0 < found.kept.sum() < len(found.kept) <= found.tested and found.calls < len(found.kept) / 2


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_compiled_network_does_its_task_by_its_true_edges_alone(case):
    out = np.asarray(activations(case.graph, jnp.asarray(case.tokens))[0])
    if case.name == "tracr proportion":
        assert np.allclose(out[..., 0], np.cumsum(case.tokens[:, 1:] == 1, axis=1) / np.arange(1, 5), atol=1e-5)
    elif case.name == "tracr reverse":
        assert (out.argmax(axis=-1) == case.tokens[:, :0:-1]).all()
    else:
        assert (out.argmax(axis=-1) == case.labels).all()
    for ablation in ABLATIONS:
        task, truth = case.task(ablation), case.truth(ablation)
        assert faithfulness(task, truth[None])[0] == pytest.approx(1, abs=1e-4)
        scores = exhaustive(task)
        assert scores[truth].min() > 10 * max(scores[~truth].max(), 1e-9), "every true edge matters, no other does"


def test_constants_are_true_edges_under_zero_ablation_alone():
    case = phase_case(7, 11, rows=64)
    zero, resample = set(case.zero), set(case.resample)
    assert resample < zero and all(edge.port in "qk" for edge in zero - resample)


def test_a_reset_network_hides_the_circuit():
    case = phase_case(7, 31, rows=64)
    blank = reset(case.graph)
    task = Task(blank, make_batch(blank, case.tokens, case.labels, "resample"), case.metric)
    assert auroc(exhaustive(case.task("resample")), case.truth("resample")) == 1 > 0.9 > auroc(exhaustive(task), case.truth("resample"))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_auroc_counts_pairs(rows):
    scores, truth = np.asarray([float(s) for s, _ in rows]), np.asarray([t for _, t in rows])
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[truth] for b in scores[~truth]]
    found = auroc(scores, truth)
    assert np.isnan(found) if not pairs else found == pytest.approx(np.mean(pairs))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.data())
def test_prefixes_are_nested_and_best(values, data):
    scores = np.asarray(values)
    masks = prefixes(scores, np.arange(len(scores) + 1))
    assert (masks.sum(axis=1) == np.arange(len(scores) + 1)).all() and (masks[1:] >= masks[:-1]).all()
    size = data.draw(st.integers(1, len(scores)))
    assert scores[masks[size]].min() >= max(scores[~masks[size]], default=0)


def test_areas():
    x = np.asarray((0.0, *GRID))
    y = np.random.default_rng(0).uniform(-0.5, 1.5, size=(3, len(GRID)))
    full = np.concatenate([np.zeros((3, 1)), y], axis=1)
    assert np.allclose(cpr(y), np.trapezoid(full, x)) and np.allclose(cmd(y), np.trapezoid(np.abs(1 - full), x))


def test_scores_of_a_circuit():
    task, truth = planted_task()
    assert curve(task, truth.astype(float))[-1] == pytest.approx(1)
    assert np.allclose(agreement(task, truth), 1, atol=1e-5) and incompleteness(task, truth) == pytest.approx(0, abs=1e-5)
    assert minimality(task, truth).all()
    padded = truth | task.graph.mask([Edge("b", "m1", "in")])
    wanted = dict(zip(np.flatnonzero(padded), minimality(task, padded), strict=True))
    assert all(wanted[i] == truth[i] for i in wanted), "the edge that does nothing is found out"
    cuts = single_cuts(task)
    assert bootstrap_jaccard(np.repeat(cuts[:1] + truth, 8, axis=0), 3) == 1
    assert jaccard(truth, truth) == 1 and jaccard(truth, ~truth) == 0
    assert (node_scores(task.graph, truth) > 0).sum() == 4


def test_paths_of_the_grid():
    graph = proportion_case().graph
    assert len({path for path in paths(graph)}) == len(paths(graph))
    for path in paths(graph):
        chain = [graph.edges[i] for i in path]
        assert chain[0].sender in ("tok", "pos") and chain[-1].receiver == "out"
        assert all(a.receiver == b.sender for a, b in itertools.pairwise(chain))


def test_heads_by_role():
    case = phase_case(7, 11, rows=64)
    roles = by_role(case.graph.edges, case.truth("resample"), exhaustive(case.task("resample")))
    assert Edge("x0", "x0's head", "v") in roles and Edge("x1", "x1's head", "v") in roles and Edge("q=7", "logits", "in") in roles


def test_bad_input_is_named():
    task, _truth = planted_task()
    with pytest.raises(ValueError, match=r"\(K, 14\)"):
        run_masks(task.graph, np.ones((2, 3)), task.batch)
    with pytest.raises(ValueError, match="ablation 'noise'"):
        make_batch(task.graph, np.asarray([[0, 1]]), np.asarray([0]), "noise")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="two inputs"):
        make_batch(task.graph, np.asarray([[0, 1]]), np.asarray([0]), "resample")
    with pytest.raises(ValueError, match="the sender first"):
        Graph(task.graph.nodes, (Edge("m2", "m0", "in"),))
    with pytest.raises(KeyError, match="m2 -> m0"):
        task.graph.mask([Edge("m2", "m0", "in")])
    with pytest.raises(ValueError, match="metric 'mse'"):
        damage("mse", task.batch.whole, task.batch.whole, task.batch.labels)  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="was trained on addition"):
        prime_groups(load_run("addition"))
    run = load_run("laptop")
    with pytest.raises(ValueError, match="q=12"):
        residue_graph(run.model, run.config, {}, 12)
    everywhere = {"a": np.ones(run.config.d_mlp, bool), "b": np.ones(run.config.d_mlp, bool)}
    with pytest.raises(ValueError, match="one group"):
        residue_graph(run.model, run.config, everywhere, 13)


@pytest.mark.parametrize("metric", METRICS)
def test_the_whole_network_has_no_damage(metric):
    task, _ = planted_task(metric=metric)
    assert np.allclose(task.damages(np.ones((1, 14))), 0, atol=1e-5)
    assert task.damage_of_nothing() > 0.1


def test_the_command_finds_a_circuit(tmp_path):
    picture = tmp_path / "circuit.svg"
    command = ["laptop", "--task", "q=13", "--grain", "mlp", "--rows", "64", "--out", str(picture)]
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["faithfulness"] > 0.9 and found["kept"] == len(found["circuit"]) == 9 and picture.stat().st_size > 1000
    assert "mlp -> logits" in {row["edge"] for row in found["circuit"]}
    result = CliRunner().invoke(app, [*command, "--method", "exhaustive", "--threshold", "50"])
    assert result.exit_code == 0 and "keeps nothing" in result.output
    result = CliRunner().invoke(app, [*command, "--method", "exhaustive", "--threshold", "1e-30"])
    assert result.exit_code == 0 and "of 39 edges" in result.output
    result = CliRunner().invoke(app, [*command, "--method", "eap", "--metric", "kl"])
    assert result.exit_code == 0 and "no ranking" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["laptop", "--task", "q=12"], "q=12"),
        (["laptop", "--task", "q=13", "--out", "nowhere/x.svg"], "there is no folder nowhere"),
        (["laptop", "--task", "q=13", "--out", "x.xyz"], "the ending says the format"),
        (["laptop"], "--task is missing: run 'laptop' has q=2, q=3 ... q=47"),
        (["addition", "--task", "q=13"], "run 'addition' has + mod 113"),
        (["addition", "--grain", "primes"], "take --grain mlp"),
        (["nothing", "--task", "q=13"], "nothing"),
        (["laptop", "--task", "q=13", "--threshold", "-1"], "--threshold -1"),
        (["laptop", "--task", "q=13", "--rows", "5000"], "--rows 5000"),
        (["laptop", "--task", "q=13", "--method", "guess"], "guess"),
        (["laptop", "--task", "q=13", "--ablation", "noise"], "noise"),
    ],
)
def test_the_command_says_what_was_wrong(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2 and said in result.stderr and not list(tmp_path.iterdir())


def test_part_inputs_are_disjoint():
    run = load_run("laptop")
    first, second = ({tuple(row) for row in task_inputs(run, 13, part=part)[0]} for part in (0, 1))
    assert len(first) == len(second) == 256 and not first & second
    graph = residue_graph(run.model, run.config, {"mlp": np.ones(run.config.d_mlp, bool)}, 13)
    assert task_batch(run, graph, 13, "mean").whole.shape == (256, 47)


def test_every_task_needs_both_digits_and_not_the_equals_sign():
    damage = position_edges(load_run("laptop"), rows=64)["damage"]
    assert damage.shape == (15, 3)
    assert (damage[:, :2] > 0.5).all() and np.abs(damage[:, 2]).max() < 0.1


def test_the_graph_of_any_task_computes_what_the_network_does(getkey):
    """Every task of every kind of one-layer network, whatever it reads; for all residue tasks it is `residue_graph`."""
    small = Config(p=7, d_model=16, d_mlp=8, n_heads=2, length=4, base=3, n_max=200)
    for config in (
        small, replace(small, block="sas"), replace(small, q_min=3, untied=True), replace(small, task="addition"),
        replace(small, task="primality"), replace(small, task="decades", base=10), replace(small, task="miu", block="sas"),
    ):  # fmt: skip
        data = make_dataset(config)
        model = Transformer(config, data, key=getkey())
        run = Run(config, model, data, 0, (0,), {}, {}, "")
        whole = split_logits(predict(model, jnp.asarray(data.tokens)), data.widths)
        for task, expected in enumerate(whole):
            graph = task_graph(run, task, groups_of(run, "mlp"))
            np.testing.assert_allclose(activations(graph, jnp.asarray(data.tokens))[0], expected, atol=1e-5)
    run = load_run("laptop")
    assert task_graph(run, 5, prime_groups(run)).edges == residue_graph(run.model, run.config, prime_groups(run), 13).edges


def test_the_command_takes_other_tasks(tmp_path):
    command = ["miu", "--rows", "64", "--method", "exhaustive", "--json", "--out", str(tmp_path / "miu.svg")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["task"] == "derivable" and found["faithfulness"] > 0.9
    assert {f"x{i} -> h0.v" for i in range(10)} <= {row["edge"] for row in found["circuit"]}  # it counts its letters


def test_a_run_without_some_primes_has_no_groups_of_primes(tmp_path, optax_promotes):
    config = Config(run="some", p=11, q_min=3, d_model=16, d_mlp=32, n_heads=2, steps=1, eval_every=1)
    (folder,) = train(config, (0,), tmp_path)
    result = CliRunner().invoke(app, [str(folder), "--task", "q=5"])
    assert result.exit_code == 2 and "take --grain mlp" in result.stderr
    result = CliRunner().invoke(app, [str(folder), "--task", "q=5", "--grain", "mlp", "--rows", "32", "--out", str(tmp_path / "x.svg")])
    assert result.exit_code == 0, result.output
