from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from echodex.indexing.sequence.diagonals import Collection
from echodex.indexing.sequence.part import part_of

Matrix = NDArray[np.float32]


def test_some_clips_are_a_collection_of_their_own() -> None:
    matrix = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    bounds = np.array([0, 3, 8, 12, 20])
    inside = np.r_[3:8, 12:20]

    def search(queries: Matrix, k: int) -> tuple[NDArray[np.int64], Matrix]:
        scores = queries @ matrix[inside].T
        order = np.argsort(-scores, axis=1)
        rows = np.pad(inside[order], ((0, 0), (0, k)), constant_values=-1)[:, :k]
        return rows, np.pad(np.take_along_axis(scores, order, axis=1), ((0, 0), (0, k)))[:, :k]

    part = part_of(
        Collection(bounds, lambda rows: matrix[rows], lambda rows: rows[:, 0] > 0, search=search), np.array([1, 3])
    )
    np.testing.assert_array_equal(part.bounds, [0, 5, 13])
    np.testing.assert_array_equal(part.fetch(np.arange(13)), matrix[inside])
    rows, scores = part.search(matrix[:6], 16)
    np.testing.assert_array_equal(rows[:, 13:], -1)
    expected = matrix[:6] @ matrix[inside].T
    np.testing.assert_allclose(np.take_along_axis(expected, rows[:, :13], axis=1), scores[:, :13], rtol=1e-5)
    assert (np.sort(rows[:, :13]) == np.arange(13)).all()
    np.testing.assert_array_equal(part.silent(matrix), matrix[:, 0] > 0)
