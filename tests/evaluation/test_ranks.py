from __future__ import annotations

import numpy as np
import pytest

from echodex.evaluation.ranks import method_ranks, spread_ranks
from echodex.pruning.config import PruneConfig

CONFIG = PruneConfig(keep=0.5, noise="cluster", seed=3)


def blobs(count: int = 3, size: int = 30, d: int = 12) -> np.ndarray:
    random = np.random.default_rng(0)
    rows = np.repeat(random.normal(size=(count, d)) * 3, size, axis=0) + 1.2 * random.normal(size=(count * size, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("method", ["facility", "jsd", "kcenter", "random", "distinct", "uniform"])
def test_ranks_are_a_permutation_drawn_by_the_seed(method: str) -> None:
    matrix = blobs()
    ranks = method_ranks(matrix, method, CONFIG)
    assert sorted(ranks.tolist()) == list(range(90))
    assert np.array_equal(ranks, method_ranks(matrix, method, CONFIG))


def test_any_budget_holds_the_same_share_of_every_stratum() -> None:
    strata = np.repeat(np.array([-1, 0, 1, 2], dtype=np.int32), [40, 7, 100, 3])
    ranks = spread_ranks(strata, 5)
    for count in (10, 50, 75, 120):
        for stratum, size in ((-1, 40), (0, 7), (1, 100), (2, 3)):
            assert (ranks[strata == stratum] < count).sum() == pytest.approx(count / 150 * size, abs=1.5)
    assert not np.array_equal(ranks, spread_ranks(strata, 6))


def test_selectors_put_duplicates_last_and_chance_does_not() -> None:
    matrix = np.concatenate([blobs(), blobs()[:30]])  # a third of the clips twice
    for method, most in (("facility", 0), ("distinct", 0), ("random", 15), ("uniform", 15)):
        kept = method_ranks(matrix, method, CONFIG) < 80
        both = int((kept[:30] & kept[90:]).sum())
        assert (both == 0) == (most == 0)
        assert both <= 2 * most
