from __future__ import annotations

import numpy as np
import pytest

from echodex.evaluation.planted import COSINES, plant


def unit(n: int, d: int = 16) -> np.ndarray:
    rows = np.random.default_rng(0).normal(size=(n, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize(("share", "count"), [(0.0, 0), (0.5, 20), (0.33, 13), (1.0, 40)])
def test_the_count_is_exact_and_the_clips_are_untouched(share: float, count: int) -> None:
    matrix = unit(40)
    pool = plant(matrix, share, np.random.default_rng(1))
    assert (pool.clips, pool.planted, len(pool.matrix)) == (40, count, 40 + count)
    assert pool.matrix.dtype == np.float32
    assert np.array_equal(pool.matrix[:40], matrix)
    assert np.array_equal(pool.origins[:40], np.arange(40))
    assert len(set(pool.origins[40:].tolist())) == count  # none is planted twice


def test_duplicates_are_as_near_as_said() -> None:
    pool = plant(unit(200), 1.0, np.random.default_rng(1))
    copies = pool.matrix[200:].astype(np.float64)
    cosines = (copies * pool.matrix[pool.origins[200:]]).sum(axis=1)
    assert COSINES[0] - 1e-5 < cosines.min() < 0.9905
    assert COSINES[1] + 1e-5 > cosines.max() > 0.9985
    assert np.linalg.norm(copies, axis=1) == pytest.approx(1, abs=1e-6)


def test_duplicates_left_by_hand() -> None:
    pool = plant(unit(4), 0.5, np.random.default_rng(1))
    first, second = (int(row) for row in pool.origins[4:])
    assert pool.duplicates_left(np.arange(6)) == 1
    assert pool.duplicates_left(np.arange(4)) == 0  # every clip, no copy
    assert pool.duplicates_left(np.array([4, 5])) == 0  # a copy in place of its clip is none too many
    assert pool.duplicates_left(np.array([first, 4, 5])) == 0.5
    assert pool.duplicates_left(np.array([first, 5, second])) == 0.5
    assert [pool.least_left(budget) for budget in (2, 4, 5, 6)] == [0, 0, 0.5, 1]


def test_nothing_planted_nothing_left() -> None:
    pool = plant(unit(4), 0.0, np.random.default_rng(1))
    assert pool.duplicates_left(np.arange(4)) is None
    assert pool.least_left(3) is None
