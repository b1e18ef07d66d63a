from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.indexing import near
from echodex.pruning.coverage import coverage, coverages, nearest


@pytest.fixture
def matrix() -> NDArray[np.float32]:
    rows = np.random.default_rng(0).normal(size=(50, 8)) + 1
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_coverage_by_definition(matrix: NDArray[np.float32]) -> None:
    wide = matrix.astype(np.float64)
    cosines = wide @ wide.T
    kept = np.zeros(50, dtype=bool)
    kept[[3, 17, 29]] = True
    medoid = cosines.mean(axis=0).max()
    assert coverage(matrix, kept) == pytest.approx(
        (cosines[:, kept].max(axis=1).mean() - medoid) / (1 - medoid), abs=1e-5
    )
    assert coverage(matrix, np.ones(50, dtype=bool)) == pytest.approx(1)
    assert coverage(matrix, np.arange(50) == cosines.mean(axis=0).argmax()) == pytest.approx(0, abs=1e-5)


def test_the_edges(matrix: NDArray[np.float32]) -> None:
    nothing = np.zeros(50, dtype=bool)
    assert coverage(matrix, nothing) == 0
    assert coverage(matrix[:0], nothing[:0]) == 1
    same = np.repeat(matrix[:1], 4, axis=0)
    assert coverage(same, np.array([True, False, False, False])) == 1


def test_nearest_whatever_the_block(matrix: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    expected = (matrix[:20] @ matrix[20:].T).argmax(axis=1)
    for cells in (1, 100, 1 << 24):
        monkeypatch.setattr(near, "BLOCK_CELLS", cells)
        rows, scores = nearest(matrix[:20], matrix[20:])
        assert rows.tolist() == expected.tolist()
        assert scores == pytest.approx(np.sum(matrix[:20] * matrix[20:][rows], axis=1), abs=1e-6)


def test_a_sample_speaks_for_many() -> None:
    rows = np.random.default_rng(0).normal(size=(3000, 8)) + 1
    matrix = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    kept = np.arange(3000) % 10 == 0
    whole = coverage(matrix, kept)
    sampled = coverage(matrix, kept, max_pairs=300 * 900)
    assert sampled == coverage(matrix, kept, max_pairs=300 * 900)
    assert sampled != whole
    assert sampled == pytest.approx(whole, abs=0.01)


def test_nested_sets_are_as_each_alone(matrix: NDArray[np.float32]) -> None:
    rank = np.random.default_rng(1).permutation(50)
    nested = [rank < count for count in (0, 1, 5, 5, 20, 50)]
    of = np.arange(50) % 3 > 0
    for which in (None, of):
        alone = [coverage(matrix, kept, which) for kept in nested]
        assert coverages(matrix, nested, which) == pytest.approx(alone, abs=1e-6)
    assert coverages(matrix, nested)[-1] == pytest.approx(1)
    assert coverages(matrix, []) == []


def test_coverage_of_some_by_others(matrix: NDArray[np.float32]) -> None:
    of, kept = np.arange(50) < 20, np.arange(50) >= 15
    wide = matrix[of].astype(np.float64)
    alone = (wide @ wide.T).mean(axis=0).max()
    best = (wide @ matrix[kept].astype(np.float64).T).max(axis=1)
    assert coverage(matrix, kept, of) == pytest.approx((best.mean() - alone) / (1 - alone), abs=1e-5)
