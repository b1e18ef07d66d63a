from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from echodex.evaluation.stats import holm, mean_interval, paired_difference

A = [0.71, 0.74, 0.70, 0.78, 0.73]
B = [0.70, 0.70, 0.69, 0.73, 0.74]


def test_interval_by_hand() -> None:
    """Mean 2, deviation 1 of n = 3; Student's t at 2 degrees is 4.302653."""
    found = mean_interval([1, 2, 3])
    assert (found.mean, found.n) == (2, 3)
    assert found.high - found.mean == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)
    assert found.mean - found.low == pytest.approx(found.high - found.mean)


def test_same_as_scipy() -> None:
    found = paired_difference(A, B)
    oracle = stats.ttest_rel(A, B)
    low, high = oracle.confidence_interval(0.95)
    assert found.p_t == pytest.approx(oracle.pvalue)
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))


def test_every_sign_flip_by_hand() -> None:
    differences = np.subtract(A, B)
    means = [abs(np.mean(differences * signs)) for signs in itertools.product((1, -1), repeat=5)]
    expected = np.mean(np.array(means) >= abs(differences.mean()) - 1e-12)
    assert paired_difference(A, B).p_permutation == pytest.approx(expected)


def test_no_difference_at_all() -> None:
    found = paired_difference(A, A)
    assert (found.interval.mean, found.p_t, found.p_permutation) == (0, 1, 1)


def test_the_same_difference_each_time() -> None:
    found = paired_difference([2, 3, 4], [1, 2, 3])
    assert (found.interval.low, found.interval.high, found.p_t) == (1, 1, 0)
    assert found.p_permutation == 0.25


def test_one_value_has_no_interval() -> None:
    with pytest.raises(ValueError, match="two values"):
        mean_interval([1])


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(1)
    samples = random.normal(3, 2, (2000, 5))
    held = [(found.low <= 3 <= found.high) for found in map(mean_interval, samples.tolist())]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_holm_by_hand() -> None:
    """Sorted .005, .01, .03, .04: times 4, 3, 2, 1 gives .02, .03, .06, .04, and the last is not below the third."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.4, 0.6]) == pytest.approx([0.8, 0.8])
    assert holm([0.7, 0.9, 0.8]) == [1, 1, 1]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_holm_keeps_the_order_and_is_between_none_and_bonferroni() -> None:
    p = np.random.default_rng(2).uniform(size=50) ** 3
    adjusted = np.asarray(holm(p.tolist()))
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, 50 * p) + 1e-15).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


def test_holm_holds_its_level_where_nothing_differs() -> None:
    random = np.random.default_rng(3)
    found = [min(holm(random.uniform(size=8).tolist())) < 0.05 for _ in range(4000)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.012)
