from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.progress import silent
from echodex.pruning.tuning import covering
from echodex.pruning.tuning.covering import Covered, cover

Matrix = NDArray[np.float32]
Mask = NDArray[np.bool_]


def by_hand(matrix: Matrix, kept: Mask) -> float:
    cosines = matrix.astype(np.float64) @ matrix.astype(np.float64).T
    alone = cosines.mean(axis=0).max()
    return float((cosines[:, kept].max(axis=1).mean() - alone) / (1 - alone)) if kept.any() else 0.0


@pytest.fixture
def world() -> tuple[Matrix, NDArray[np.int64], Mask]:
    """150 clips, their ranks, and sets of them: nested ones, any, all and none."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(150, 8)) + 1
    matrix = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    nested = random.random(150) < np.linspace(0.9, 0.02, 12)[:, None]
    sets = np.concatenate([nested, random.random((9, 150)) < 0.3, np.ones((1, 150), bool), np.zeros((1, 150), bool)])
    return matrix, random.permutation(150), sets


@pytest.mark.parametrize("cells", [64, 1000, 1 << 24])
@pytest.mark.parametrize("at_once", [7, 1024])
def test_every_set_has_the_coverage_it_has_alone(
    world: tuple[Matrix, NDArray[np.int64], Mask], cells: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(covering, "BLOCK_CELLS", cells)
    monkeypatch.setattr(covering, "_AT_ONCE", at_once)
    matrix, rank, sets = world
    found = cover(matrix, rank, sets, silent)
    assert found.by_value == pytest.approx([by_hand(matrix, kept) for kept in sets], abs=1e-5)
    assert found.by_count == pytest.approx([by_hand(matrix, rank < count) for count in range(151)], abs=1e-5)


def test_a_sample_speaks_for_many(world: tuple[Matrix, NDArray[np.int64], Mask]) -> None:
    rows = np.random.default_rng(0).normal(size=(3000, 8)) + 1
    matrix = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    rank = np.random.default_rng(1).permutation(3000)
    kept = rank < np.array([[0], [100], [1000], [2990], [3000]])
    whole, sampled, again = (cover(matrix, rank, kept, silent, most) for most in (1 << 24, 400 * 3000, 400 * 3000))
    assert sampled.by_value.tolist() == again.by_value.tolist() != whole.by_value.tolist()
    for one, other in ((sampled.by_value, whole.by_value), (sampled.by_count, whole.by_count)):
        assert one == pytest.approx(other, abs=0.03, rel=0.2)  # of one or two clips it is far below 0
        assert one[0] == 0
        assert one[-1] == pytest.approx(1)


def test_the_edges() -> None:
    one = np.eye(1, 4, dtype=np.float32)
    assert edges(cover(one, np.zeros(1, np.int64), np.ones((1, 1), bool), silent)) == ([0, 1], [1])
    same, rank = np.repeat(one, 4, axis=0), np.arange(4)
    assert edges(cover(same, rank, rank < np.array([[1], [0]]), silent)) == ([0, 1, 1, 1, 1], [1, 0])
    assert cover(same, rank, np.zeros((0, 4), bool), silent).by_value.tolist() == []


def edges(found: Covered) -> tuple[list[float], list[float]]:
    return found.by_count.tolist(), found.by_value.tolist()
