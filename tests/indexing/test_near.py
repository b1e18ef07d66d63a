from __future__ import annotations

import numpy as np
import pytest

from echodex.indexing import near
from echodex.schemas.vector import Float32


def unit(rng: np.random.Generator, n: int, d: int) -> Float32:
    rows = rng.normal(size=(n, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("cells", [1 << 24, 50, 1])
@pytest.mark.parametrize("min_score", [-1.0, 0.0, 0.3, 1.0])
def test_pairs_one_by_one_and_as_a_matrix_are_decided_alike(
    monkeypatch: pytest.MonkeyPatch, cells: int, min_score: float
) -> None:
    monkeypatch.setattr(near, "BLOCK_CELLS", cells)
    matrix = np.repeat(unit(np.random.default_rng(0), 20, 9), 2, axis=0)
    truth = matrix.astype(np.float64) @ matrix.astype(np.float64).T >= min_score - near.ROUNDING
    table = near.within(matrix, matrix, min_score)
    left, right = (ends.ravel() for ends in np.indices(table.shape))
    assert (table == truth).all()
    assert (near.near_each(matrix, left, right, min_score) == truth.ravel()).all()


def test_a_threshold_that_all_scores_meet_is_decided_in_float64() -> None:
    matrix = np.repeat(unit(np.random.default_rng(1), 1, 300), 50, axis=0)
    score = float(matrix[0].astype(np.float64) @ matrix[0].astype(np.float64))
    assert near.within(matrix, matrix, score + 0.9 * near.ROUNDING).all()
    assert not near.within(matrix, matrix, score + 1.1 * near.ROUNDING).any()


def test_true_cells() -> None:
    table = np.random.default_rng(2).random((7, 5)) < 0.3
    assert np.array_equal(near.true_cells(table), np.nonzero(table))
    assert [len(ends) for ends in near.true_cells(np.zeros((3, 0), dtype=np.bool_))] == [0, 0]


def test_all_rows_are_not_copied() -> None:
    matrix = unit(np.random.default_rng(2), 5, 3)
    assert near.rows_of(matrix, np.arange(5)) is matrix
    for rows in ([0, 1, 2], [4, 3, 2, 1, 0], [0, 1, 2, 3, -1]):
        np.testing.assert_array_equal(near.rows_of(matrix, np.array(rows)), matrix[rows])
