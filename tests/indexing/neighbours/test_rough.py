from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.indexing.neighbours import rough
from echodex.indexing.neighbours.rough import rough_lists

Matrix = NDArray[np.float32]


def rows(n: int, d: int = 16, groups: int = 50) -> Matrix:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(groups, d))[random.integers(groups, size=n)] + 0.3 * random.normal(size=(n, d))
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), dtype=np.float32)


def test_up_to_a_size_lists_are_complete_and_hold_the_row() -> None:
    matrix = rows(300)
    ids, scores = rough_lists(matrix, 20)
    truth = np.sort(matrix @ matrix.T, axis=1)[:, ::-1][:, :20]
    assert scores == pytest.approx(truth, abs=1e-6)
    assert np.einsum("ij,ikj->ik", matrix, matrix[ids]) == pytest.approx(scores, abs=1e-6)
    assert (ids == np.arange(300)[:, None]).any(axis=1).all()


def test_a_crowd_of_equals_does_not_push_a_row_off_its_own_list() -> None:
    matrix = np.repeat(np.eye(2, dtype=np.float32), 50, axis=0)
    ids, scores = rough_lists(matrix, 3)
    assert (ids == np.arange(100)[:, None]).any(axis=1).all()
    assert (scores == 1).all()


def test_above_it_cells_find_most_and_every_row_has_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = rows(4000, groups=4)
    whole = rough_lists(matrix, 30)[0]
    monkeypatch.setattr(rough, "SMALL_ROWS", 1000)
    monkeypatch.setattr(rough, "AROUND", 400)
    ids, scores = rough_lists(matrix, 30)
    found = np.mean([len(np.intersect1d(one, other)) / 30 for one, other in zip(ids, whole, strict=True)])
    assert 0.6 < found < 1
    assert (np.diff(scores, axis=1) <= 0).all()
    assert (ids == np.arange(4000)[:, None]).any(axis=1).all()
    assert np.einsum("ij,ikj->ik", matrix, matrix[ids]) == pytest.approx(scores, abs=1e-6)
