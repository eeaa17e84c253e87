"""The alphabet: the rule's arithmetic, and a planted alphabet that it finds where permuted use has none."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from src.circuits.by_hand import Neurons
from src.lens.fourier import rational_dictionary
from src.network.paths import measurements
from src.numbers.integers import primes_below
from src.results import store
from src.results.registry import arrays
from src.studies import alphabet
from src.studies.alphabet import NEW_P, by_others, even, expected, in_letters, letters, permuted_use, predictions, support, within_primes
from src.studies.shared import frequency_agreement

P = 53
D = rational_dictionary(P)


def planted(seed=0, count=5, crossed=False):
    """Use that is large where a wave's letter on each digit is near one of `count` letters drawn at random; (W,).

    With `crossed`, odd-numbered primes have the two digits' letters exchanged.
    """
    rng = np.random.default_rng(seed)
    drawn = [rng.uniform(1, P / 2, count) for _ in range(2)]
    near = [[np.exp(-(((x[:, None] - a[None, :]) / 0.5) ** 2) / 2).max(axis=1) for a in drawn] for x in letters(P)]  # [digit][alphabet]
    other = np.isin(D.q, primes_below(P)[1::2]) & crossed
    return within_primes(np.where(other, near[0][1] * near[1][0], near[0][0] * near[1][1]) + 1e-3, P)


def test_letters_are_folded_frequencies_in_bins():
    for p in (11, 31, 53):
        d, found = rational_dictionary(p), letters(p)
        for x, turns in zip(found, (d.k / d.q, d.k * p / d.q), strict=True):
            assert (x >= 0).all() and (x <= p / 2).all()
            n = np.arange(p)[:, None]
            np.testing.assert_allclose(np.cos(2 * np.pi * n * x / p), np.cos(2 * np.pi * n * turns), atol=1e-9)  # the same wave, folded
    assert letters(11)[0].tolist() == pytest.approx([11 * k / q for q, k in zip(*rational_dictionary(11)[:2], strict=True)])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(primes_below(P)), st.booleans())
def test_a_primes_support_is_what_others_use(seed, prime, other_digit):
    rng, mine = np.random.default_rng(seed), D.q == prime
    use = within_primes(rng.random(len(D.q)), P)
    changed = np.where(mine, rng.random(len(use)), use)
    before, after = (np.stack(support(u, P, other_digit=other_digit)) for u in (use, changed))
    np.testing.assert_allclose(after[:, mine], before[:, mine], rtol=1e-12)
    assert np.abs(after - before)[:, ~mine].max() > 1e-3
    np.testing.assert_allclose(np.stack(support(3 * use, P, other_digit=other_digit)), 3 * before)
    np.testing.assert_allclose(by_others(use, P), np.prod(np.stack(support(use, P)), axis=0))


def test_support_is_a_kernel_around_the_letters_in_use():
    """One wave in use supports those of other primes whose letter on a digit is its own, on that digit or, if asked, on the other."""
    one = int(np.flatnonzero((D.q == 41) & (D.k == 12))[0])
    use, others, here = np.eye(len(D.q))[one], D.q != 41, letters(P)
    for digit in (0, 1):
        distance = {crossed: np.abs(here[digit] - here[1 - digit if crossed else digit][one]) for crossed in (False, True)}
        for crossed, far in distance.items():
            found = support(use, P, other_digit=crossed)[digit]
            assert (found[~others] == 0).all() and (found[others & (far > 1.5)] < 1e-5).all()
            np.testing.assert_allclose(found[others], np.exp(-((far[others] / 0.3) ** 2) / 2))


@pytest.mark.parametrize("p", [31, 53, 97])
def test_the_expected_use_is_one_of_each_prime_and_always_the_same(p):
    q, use = rational_dictionary(p).q, expected(p)
    assert (use >= 0).all() and np.allclose(np.bincount(q, use)[np.unique(q)], 1)
    assert (expected(p) == use).all() and np.abs(use - even(p)).max() > 0.05
    np.testing.assert_allclose(expected(p, 0), even(p))
    np.testing.assert_allclose(expected(p, 2), within_primes(by_others(expected(p, 1), p), p))
    assert np.allclose(np.bincount(q, even(p))[np.unique(q)], 1) and np.ptp(even(p)[q == 23]) == 0


def test_permuted_use_is_each_primes_own():
    use = np.random.default_rng(0).random(len(D.q))
    found = permuted_use(use, P, 1)
    for q in primes_below(P):
        assert sorted(found[q == D.q]) == sorted(use[q == D.q])
    assert (found != use).mean() > 0.8 and (permuted_use(use, P, 1) == found).all() and (permuted_use(use, P, 2) != found).any()


def agreement(score, use):
    return frequency_agreement(score, use, P)


def test_a_planted_alphabet_is_found_and_is_gone_when_permuted():
    found, null, permuted, chance = [], [], [], []
    for seed in range(5):
        use = planted(seed)
        other = permuted_use(use, P, seed)
        found.append(agreement(by_others(use, P), use))
        null.append(agreement(by_others(other, P), use))
        permuted.append(agreement(by_others(other, P), other))
        chance.append(agreement(by_others(planted(seed + 100), P), use))
    assert min(found) > 0.55 and np.mean(found) > 0.6
    for control in (null, permuted, chance):
        assert np.mean(control) < 0.3 and max(control) < min(found)


def test_the_rule_asks_for_the_letter_on_its_own_digit():
    """Half of the primes with the two alphabets exchanged: the letters of the other digit say as much as those of the own one."""
    straight, crossed = ([planted(seed, crossed=flag) for seed in range(4)] for flag in (False, True))
    by = {
        (name, other): np.mean([agreement(np.prod(support(use, P, other_digit=other), axis=0), use) for use in uses])
        for name, uses in (("straight", straight), ("crossed", crossed))
        for other in (False, True)
    }
    assert by["straight", False] - by["straight", True] > 0.3
    assert abs(by["crossed", False] - by["crossed", True]) < 0.25 and by["crossed", False] < by["straight", False] - 0.1


def test_the_share_of_use_in_letters():
    use = planted(0)
    shares = [in_letters(use, P, count) for count in (0, 1, 2, 5, 10, 15, 25, 40, len(use))]
    assert shares[0] == 0 and (np.diff(shares) >= 0).all() and shares[-1] == pytest.approx(1)
    few, permuted = (in_letters(u, P, 5, 0.8) for u in (use, permuted_use(use, P, 0)))
    assert few > permuted + 0.1
    assert in_letters(np.eye(len(use))[7], P, 1) == pytest.approx(1)  # one wave has one letter on each digit
    assert in_letters(5 * use, P) == pytest.approx(in_letters(use, P))


def test_the_study_of_planted_networks(monkeypatch):
    """Neurons drawn from a planted use stand for networks."""

    def neurons(seed):
        rng, use = np.random.default_rng(seed), planted(0)
        waves = rng.choice(len(use), 400, p=use / use.sum())
        return Neurons(D.q[waves], D.k[waves], *np.zeros((7, 400)))

    monkeypatch.setattr(alphabet, "extract", lambda run: neurons(run.seed))
    runs = [SimpleNamespace(config=SimpleNamespace(p=P), seed=seed) for seed in (0, 1)]
    found = alphabet.alphabet(runs, draws=20)
    assert found["use"].shape == (2, len(D.q)) and all(len(found[name]) == 2 for name in ("others", "left_out", "alone", "in_letters"))
    assert found["others"].min() > found["null"].max() and found["others"].min() > 0.4 and abs(found["null"].mean()) < 0.25
    assert found["left_out"].min() > 0.4 > found["other_digit"].max()
    assert found["alone"].max() < 0.4 and abs(found["alone_null"].mean()) < 0.1  # p alone does not know what was planted
    assert (found["in_letters"] > found["in_letters_null"]).all()
    assert found["left_out"][0] == pytest.approx(agreement(by_others(found["use"][1], P), found["use"][0]))
    alone = alphabet.alphabet(runs[:1], draws=1)
    np.testing.assert_allclose(alone["left_out"], alone["others"])  # of one network its own use is all there is


def test_predictions_are_those_that_were_committed_before_any_network():
    committed, found = store.read(measurements() / "alphabet-predictions.npz")[0], predictions()
    assert set(committed) == set(found) == {str(p) for p in NEW_P}
    for name, use in arrays("alphabet-predictions").items():
        np.testing.assert_allclose(found[name], committed[name], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(use, committed[name], rtol=1e-9, atol=1e-12)
