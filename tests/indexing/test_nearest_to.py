"""The nearest rows of another matrix, by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from echodex.indexing import nearest_to as room
from echodex.indexing.nearest_to import nearest_to


def units(rows: int, dim: int, seed: int) -> np.ndarray:
    matrix = np.random.default_rng(seed).normal(size=(rows, dim))
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("k", [1, 5, 40])
def test_they_are_those_of_brute_force(k: int) -> None:
    queries, matrix = units(50, 16, 0), units(40, 16, 1)
    ids, cosines = nearest_to(queries, matrix, k)
    scores = queries.astype(np.float64) @ matrix.T.astype(np.float64)
    np.testing.assert_array_equal(ids, np.argsort(-scores, axis=1)[:, :k])
    np.testing.assert_allclose(cosines, np.take_along_axis(scores, ids, axis=1), atol=1e-6)


def test_no_more_than_there_are() -> None:
    ids, cosines = nearest_to(units(3, 4, 0), units(2, 4, 1), 5)
    assert ids.shape == cosines.shape == (3, 2)


def test_no_queries_have_no_neighbours() -> None:
    assert nearest_to(units(3, 4, 0)[:0], units(2, 4, 1), 5)[0].shape == (0, 2)


def test_blocks_are_counted() -> None:
    seen: list[tuple[str, int, int | None]] = []
    count = room._QUERIES + 1
    ids, _ = nearest_to(units(count, 4, 0), units(9, 4, 1), 2, lambda *told: seen.append(told), "looking")
    assert seen == [("looking", room._QUERIES, count), ("looking", count, count)]
    np.testing.assert_array_equal(ids[-1:], nearest_to(units(count, 4, 0)[-1:], units(9, 4, 1), 2)[0])
