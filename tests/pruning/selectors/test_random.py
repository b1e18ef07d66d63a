from __future__ import annotations

import numpy as np
import pytest

from echodex.pruning.selectors.random import Random


def test_the_order_is_a_permutation_that_the_seed_decides() -> None:
    vectors = np.eye(50, dtype=np.float32)
    orders = [Random().select(vectors, np.random.default_rng(seed)).order.tolist() for seed in (1, 1, 2)]
    assert sorted(orders[0]) == list(range(50))
    assert orders[0] == orders[1] != orders[2]


def test_weights_are_the_odds_of_each_draw() -> None:
    """Of 1, 2 and 3, without replacement: the first is 3 half of the time, and then the second is 2 in 2 of 3 cases."""
    vectors, weights = np.eye(3, dtype=np.float32), np.array([1, 2, 3], np.float32)
    rng = np.random.default_rng(0)
    orders = np.array([Random().select(vectors, rng, weights).order for _ in range(6000)])
    assert np.bincount(orders[:, 0]) / 6000 == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=0.025)
    after = orders[orders[:, 0] == 2, 1]
    assert (after == 1).mean() == pytest.approx(2 / 3, abs=0.035)
