from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echodex.indexing.groups import pairs, reach, shortened, tiles
from echodex.indexing.groups.pairs import NearPairs, near_pairs
from echodex.indexing.near import ROUNDING
from echodex.schemas.vector import Float32


def clumps(seed: int, n: int, d: int, spread: float, centres: int = 0) -> Float32:
    rng = np.random.default_rng(seed)
    middle = rng.normal(size=(centres or max(1, n // 5), d))
    rows = middle[rng.integers(len(middle), size=n)] + spread * rng.normal(size=(n, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def truth(matrix: Float32, min_score: float) -> list[list[int]]:
    wide = matrix.astype(np.float64)
    near = wide @ wide.T >= min_score - ROUNDING
    np.fill_diagonal(near, False)
    return [np.flatnonzero(row).tolist() for row in near]


def lists(found: NearPairs) -> list[list[int]]:
    return [found.near(row).tolist() for row in range(len(found.counts))]


def go_the_long_way(patch: pytest.MonkeyPatch) -> None:
    """Send small inputs the way of large ones: short vectors, cells, tiles, and searches on demand."""
    patch.setattr(shortened, "FEW_ROWS", 50)
    patch.setattr(shortened, "WIDTHS", (4, 8))
    patch.setattr(pairs, "ONE_CELL", 50)
    patch.setattr(tiles, "TILE", (16, 40))
    patch.setattr(pairs, "LISTED", 5)


@pytest.fixture
def everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    go_the_long_way(monkeypatch)


@pytest.mark.usefixtures("everything_at_once")
@pytest.mark.parametrize("min_score", [-1.0, 0.0, 0.3, 0.8, 0.98, 1.0])
@pytest.mark.parametrize("spread", [0.001, 0.1, 3.0])
def test_exactly_the_true_pairs(spread: float, min_score: float) -> None:
    matrix = clumps(0, 400, 20, spread)
    matrix[300:340] = matrix[:40]
    matrix[340:350] = matrix[0]
    found = near_pairs(matrix, min_score)
    expected = truth(matrix, min_score)
    assert found.exact
    assert found.recall == 1.0
    assert lists(found) == expected
    assert found.counts.tolist() == [len(others) for others in expected]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(51, 200), min_score=st.floats(-0.5, 1), spread=st.floats(0.001, 2))
def test_exactly_the_true_pairs_whatever_the_rows(seed: int, n: int, min_score: float, spread: float) -> None:
    matrix = clumps(seed, n, 12, spread)
    with pytest.MonkeyPatch.context() as patch:
        go_the_long_way(patch)
        assert lists(near_pairs(matrix, min_score)) == truth(matrix, min_score)


@pytest.mark.usefixtures("everything_at_once")
def test_cells_that_can_hold_no_pair_are_not_searched() -> None:
    found = near_pairs(clumps(1, 2000, 20, 0.02, centres=40), 0.98)
    searched, cells = found.cells_searched
    assert searched < cells / 4


def test_rows_of_zeros_are_near_none() -> None:
    matrix = np.concatenate([np.zeros((3, 4), np.float32), clumps(2, 10, 4, 0.01, centres=1)])
    found = near_pairs(matrix, 0.9)
    assert found.counts.tolist() == [0, 0, 0] + [9] * 10
    assert found.near(0).tolist() == []


def test_no_rows_at_all() -> None:
    assert len(near_pairs(np.empty((0, 8), np.float32), 0.9).counts) == 0


@pytest.mark.usefixtures("everything_at_once")
def test_too_much_work_for_certainty_gives_a_measured_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "EXACT_WORK", 0)
    matrix = clumps(3, 6000, 20, 0.4, centres=60)
    found = near_pairs(matrix, 0.8)
    expected = truth(matrix, 0.8)
    assert not found.exact
    assert found.recall >= reach.MIN_RECALL
    assert found.cells_searched[0] < found.cells_searched[1]
    total = sum(map(len, expected))
    assert found.counts.sum() / total == pytest.approx(found.recall, abs=0.001)
    for row in range(0, 6000, 50):
        others = found.near(row).tolist()
        assert set(others) <= set(expected[row])
        assert found.counts[row] == len(others)


@pytest.mark.usefixtures("everything_at_once")
def test_too_few_pairs_to_measure_recall_on_are_all_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "EXACT_WORK", 0)
    matrix = clumps(4, 1000, 20, 0.2)
    found = near_pairs(matrix, 0.97)
    assert found.exact
    assert lists(found) == truth(matrix, 0.97)


def test_it_tells_how_far_it_is_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    go_the_long_way(monkeypatch)
    matrix, told = clumps(3, 300, 12, 0.1), []
    near_pairs(matrix, 0.9, lambda *step: told.append(step))
    steps = [done for _, done, total in told if total]
    assert steps == list(range(1, len(steps) + 1))
    assert len(steps) > 5
    assert {total for _, _, total in told} == {None, len(steps)}
    told.clear()

    def stop(stage: str, done: int, total: int | None) -> None:
        told.append((stage, done, total))
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        near_pairs(matrix, 0.9, stop)
    assert told[-1] == ("duplicates", 3, len(steps))
