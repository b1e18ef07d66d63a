from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.indexing import near
from echodex.pruning import coverage as room
from echodex.pruning.coverage import coverage, nearest


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


def test_a_sample_speaks_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).normal(size=(3000, 8)) + 1
    matrix = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    kept = np.arange(3000) % 10 == 0
    whole = coverage(matrix, kept)
    monkeypatch.setattr(room, "MAX_PAIRS", 300 * 900)
    sampled = coverage(matrix, kept)
    assert sampled == coverage(matrix, kept)
    assert sampled != whole
    assert sampled == pytest.approx(whole, abs=0.01)
