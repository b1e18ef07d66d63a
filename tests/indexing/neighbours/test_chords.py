from __future__ import annotations

import numpy as np
import pytest

from echodex.indexing.neighbours.chords import squared_chords


def test_distances_are_right_however_near() -> None:
    random = np.random.default_rng(0)
    matrix = random.standard_normal((50, 512))
    matrix[25:] = matrix[:25] + np.logspace(-6, 0, 25)[:, None] * random.standard_normal((25, 512))
    matrix = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)
    others = np.column_stack([np.arange(50)[::-1], np.roll(np.arange(50), 25)])
    wide = matrix.astype(np.float64)
    truth = ((wide[:, None] - wide[others]) ** 2).sum(axis=2)
    assert squared_chords(matrix, np.arange(50), others) == pytest.approx(truth, rel=2e-6)


def test_nobody_is_infinitely_far_and_the_row_itself_not_at_all() -> None:
    matrix = np.eye(3, dtype=np.float32)
    assert squared_chords(matrix, np.array([2]), np.array([[0, 2, -1]])).tolist() == [[2, 0, np.inf]]


def test_blocks_do_not_matter() -> None:
    matrix = np.random.default_rng(1).standard_normal((3000, 512)).astype(np.float32)
    rows, others = np.arange(3000), np.random.default_rng(2).integers(3000, size=(3000, 4))
    whole = squared_chords(matrix, rows, others)
    alone = np.concatenate([squared_chords(matrix, rows[row : row + 1], others[row : row + 1]) for row in range(3000)])
    assert whole.tobytes() == alone.tobytes()
