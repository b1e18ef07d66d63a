from __future__ import annotations

import numpy as np

from echodex.pruning.selectors.random import Random


def test_the_order_is_a_permutation_that_the_seed_decides() -> None:
    vectors = np.eye(50, dtype=np.float32)
    orders = [Random().select(vectors, np.random.default_rng(seed)).order.tolist() for seed in (1, 1, 2)]
    assert sorted(orders[0]) == list(range(50))
    assert orders[0] == orders[1] != orders[2]
