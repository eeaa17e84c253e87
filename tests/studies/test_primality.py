"""The rule 'coprime to the base' and the law of bases, against arithmetic; the outcomes, on networks whose answers are known."""

from dataclasses import replace
from math import gcd

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from src.network.config import Config
from src.network.runs import Run, load_run
from src.network.tasks import make_dataset
from src.network.tasks.primality import decade_numbers, numbers
from src.numbers.hypotheses import HYPOTHESES, closest
from src.numbers.integers import order_of, primes_below
from src.numbers.sparse import BASES, THEIRS, predict, rule
from src.results.grids import DECADES, DIRECT, LAW, LAW_BASES, LAW_Q, SPARSE, SPARSE_FEW
from src.studies.composition import predicted_residues
from src.studies.law import difficulty, law_correlation, law_null, law_outcome
from src.studies.primality import calls, composed, primality_outcome

SMALL = Config(task="primality", n_max=1000, base=10, train_fraction=0.5)
Q = [int(q) for q in primes_below(LAW_Q + 1)]


class Oracle(eqx.Module):
    """A network that reads numbers from their digits, and calls prime what none of the divisors properly divides."""

    weights: jax.Array  # (n_ctx, T) the value of a digit in each of T numbers
    divisors: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, tokens: jax.Array) -> jax.Array:
        n = tokens @ self.weights
        passed = n > 1
        for q in self.divisors:
            passed &= (n % q != 0) | (n == q)
        return jnp.stack([~passed, passed], axis=-1).astype(jnp.float32).reshape(-1)


def run_of(config: Config, weights: np.ndarray, divisors: tuple[int, ...]) -> Run:
    model = Oracle(jnp.asarray(weights, jnp.int32), divisors)
    manifest = {"train_accuracy": [0.75], "seconds": 2.0}
    return Run(config, model, make_dataset(config), 0, (0,), {}, manifest, "")  # pyright: ignore[reportArgumentType]


def in_digits(config: Config, divisors: tuple[int, ...]) -> Run:
    return run_of(config, np.asarray([[1], [10], [100], [0]]), divisors)


@pytest.mark.parametrize("base", [*BASES, THEIRS, 7])
def test_the_prediction_by_brute_force(base):
    low, high = 300, 900
    prime = [sympy.isprime(n) for n in range(low, high)]
    called = [gcd(n, base) == 1 for n in range(low, high)]
    found = predict(base, low, high)
    right = [p == c for p, c in zip(prime, called, strict=True)]
    assert found["recall"] == 1.0 and np.isclose(found["accuracy"], np.mean(right))
    assert np.isclose(found["precision"], np.mean([p for p, c in zip(prime, called, strict=True) if c]))
    assert np.isclose(found["recall_composites"], np.mean([not c for p, c in zip(prime, called, strict=True) if not p]))


@settings(deadline=None)
@given(st.integers(2, 400), st.integers(1, 10**7))
def test_the_rule_is_coprimality_above_the_base(base, above):
    assert rule(base, np.asarray([base + above]))[0] == (gcd(base + above, base) == 1)


@settings(deadline=None)
@given(st.integers(2, 60))
def test_the_rule_below_the_base_spares_its_own_prime_factors(base):
    n = np.arange(base + 1)
    assert rule(base, n).tolist() == [k > 1 and (gcd(k, base) == 1 or k in sympy.primefactors(base)) for k in n.tolist()]


@settings(deadline=None)
@given(st.integers(2, 500), st.sampled_from(list(sympy.primerange(100))))
def test_orders_against_sympy(base, q):
    assert order_of(base, q) == (0 if base % q == 0 else sympy.n_order(base, q))


@settings(deadline=None)
@given(st.integers(2, 60), st.sampled_from(Q), st.integers(4, 10**6), st.randoms())
def test_difficulty_counts_the_weights_of_the_digits(base, q, n_max, random):
    width = next(w for w in range(1, 30) if base**w > n_max - 1)
    weights = {pow(base, i, q) for i in range(width)}
    found, n = difficulty(base, q, n_max), random.randrange(n_max)
    if base % q:
        assert found == len(weights)
    else:
        assert found == 0 and n % q == n % base % q  # the last digit decides
    if found == 1:
        assert n % q == sum(sympy.ntheory.digits(n, base)[1:]) % q  # the digit sum does, or the only digit


def run_with(config: Config, valid: np.ndarray) -> Run:
    return Run(config, None, None, 0, (), {"valid_accuracy": valid}, {}, "")  # pyright: ignore[reportArgumentType]


def test_the_law_on_made_up_accuracies():
    chance, steps = 1 / np.asarray(Q), 4
    perfect = np.ones((steps, len(Q)))
    late = np.concatenate([np.tile(chance, (steps - 1, 1)), np.ones((1, len(Q)))])
    found = law_outcome([[run_with(config, perfect), run_with(config, late)] for config in LAW])
    assert found["q"].tolist() == Q and found["skill"].shape == (len(LAW_BASES), 2, len(Q))
    np.testing.assert_allclose(found["skill"][:, 0], 1)
    np.testing.assert_allclose(found["skill"][:, 1], 1 / steps, atol=1e-12)
    np.testing.assert_allclose(found["final"], 1)
    assert found["order"][LAW_BASES.index(10)].tolist() == [0, 1, 0, 6, 2, 6, 16, 18, 22]
    assert found["difficulty"][LAW_BASES.index(10)].tolist() == [0, 1, 0, 4, 2, 4, 4, 4, 4]


def test_a_skill_that_follows_the_law_correlates_with_it_and_the_null_does_not():
    law = np.asarray([[difficulty(c.base, q, c.n_max) for q in Q] for c in LAW])
    by_q = np.broadcast_to(np.asarray(Q), law.shape)
    found = {"difficulty": law, "q": np.asarray(Q), "skill": np.stack([-law.astype(float), law.astype(float), -by_q.astype(float)], axis=1)}
    np.testing.assert_allclose(law_correlation(found, "difficulty")[:2], [1, -1])
    np.testing.assert_allclose(law_correlation(found, "q")[2], 1)
    assert law_correlation(found, "difficulty")[2] < 0.9
    null, other = law_null(found, 0, draws=30), law_null(found, 1, draws=30)
    assert null.shape == (30,) and (null < 0.6).all() and abs(null.mean()) < 0.3
    assert (other > -0.6).all() and not np.allclose(other, -null)  # another seed has other permutations
    assert (found["difficulty"] == law).all()  # the permutations are not made in place


def test_calls_are_the_networks_answers_on_the_held_out_numbers():
    run = in_digits(SMALL, (2, 5))
    n, said = calls(run)
    assert n.tolist() == numbers(SMALL)[run.dataset.valid_idx].tolist() and len(n) == 500
    assert said.tolist() == [n > 1 and (n in (2, 5) or gcd(n, 10) == 1) for n in n.tolist()]


def test_calls_of_a_network_on_decades_are_of_four_numbers_a_row():
    config = replace(DECADES[0], train_fraction=0.8)
    weights = np.concatenate([np.kron(np.eye(4, dtype=int), 10 ** np.arange(3, -1, -1)[:, None]), np.zeros((1, 4), int)])
    run = run_of(config, weights, (3,))
    n, said = calls(run)
    assert set(n) == {int(x) for x in decade_numbers()[run.dataset.valid_idx].ravel()} and n.shape == (180 * 4,)
    assert (said == (n % 3 != 0)).all()


@pytest.mark.parametrize("task", ["residues", "divisibility", "continue"])
def test_calls_refuse_a_run_that_was_asked_something_else(task):
    with pytest.raises(ValueError, match=f"trained on {task}"):
        calls(run_with(Config(task=task), np.zeros(0)))


def test_the_outcome_of_networks_that_are_hypotheses():
    names = ("2, 5", "2, 3, 5")
    runs = [[in_digits(replace(SMALL, data_seed=seed), tuple(map(int, name.split(", ")))) for seed in (0, 0)] for name in names]
    found = primality_outcome(runs)
    for i, name in enumerate(names):
        place = list(HYPOTHESES).index(name)
        for seed in range(2):
            assert closest(dict(zip(HYPOTHESES, found["agreement"][i, seed], strict=True))) == name
            for score in ("accuracy", "balanced", "mcc", "precision", "recall", "recall_composites", "majority"):
                assert found[score][i, seed] == found[f"oracle_{score}"][i, place]
    assert found["recall"].tolist() == [[1, 1]] * 2 and found["by_factor"].shape == (2, 2, 12)
    assert found["by_factor"][:, 0, [0, 2, 3, 4]].tolist() == [[1, 1, 0, 0]] * 2
    assert 0 < found["by_factor"][0, 0, 1] < found["by_factor"][1, 0, 1] == 1  # 15 is seen without knowing 3
    assert (found["rule"][0] == 1).all() and (found["rule"][1] < 0.9).all()
    assert (found["train_accuracy"] == 0.75).all() and (found["seconds"] == 2).all()


def test_who_is_shown_residues_has_no_rule():
    config = replace(SMALL, encoding="residues", p=5)  # n mod 2, n mod 3
    found = primality_outcome([[run_of(config, np.asarray([[3], [4], [0]]), (2, 3))]])
    assert np.isnan(found["rule"]).all() and found["accuracy"].shape == (1, 1)


def test_primes_composed_from_residues_on_held_out_rows():
    run = load_run("laptop")
    found, held, q = composed(run), run.dataset.valid_idx.tolist(), list(sympy.primerange(53))
    divisible = predicted_residues(run) == 0
    said = [n > 1 and not any(divisible[n, i] for i, m in enumerate(q) if m != n) for n in held]
    prime = [sympy.isprime(n) for n in held]
    hits = sum(s and p for s, p in zip(said, prime, strict=True))
    assert found["recall"] == hits / sum(prime) and found["precision"] == hits / sum(said)
    assert np.isclose(found["accuracy"], np.mean([s == p for s, p in zip(said, prime, strict=True)]))
    assert found["agreement"].argmax() >= list(HYPOTHESES).index("Miller-Rabin, base 2")  # the proof, or a test that errs once here
    assert found["by_factor"].shape == (12,) and found["by_factor"][0] > 0.99


def test_the_configs_say_what_they_are_named():
    assert [c.base for c in SPARSE] == [c.base for c in SPARSE_FEW] == list(BASES) and [c.base for c in LAW] == list(LAW_BASES)
    for config in (*SPARSE, *SPARSE_FEW):
        assert config.encoding == "parts" and 0 < config.train_below < config.n_max and config.balanced
    every = [*DECADES, *DIRECT.values(), *SPARSE, *SPARSE_FEW, *LAW]
    assert len({config.run for config in every}) == len(every)
