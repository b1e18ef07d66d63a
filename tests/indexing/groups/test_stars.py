from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.indexing import near
from echodex.indexing.groups import pairs, tiles
from echodex.indexing.groups.stars import greedy_stars, star_groups

Matrix = NDArray[np.float32]


def unit(rows: NDArray[np.float64]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def on_circle(*degrees: float) -> Matrix:
    angles = np.deg2rad(degrees)
    return unit(np.stack([np.cos(angles), np.sin(angles)], axis=1))


def clumps(rng: np.random.Generator, n: int, d: int, spread: float) -> Matrix:
    centres = rng.normal(size=(max(1, n // 5), d))
    return unit(centres[rng.integers(len(centres), size=n)] + spread * rng.normal(size=(n, d)))


def by_brute_force(matrix: Matrix, min_score: float) -> list[list[int]]:
    """The definition, in float64 and plain Python."""
    wide = matrix.astype(np.float64)
    near = wide @ wide.T >= min_score - near_rounding()
    n = len(matrix)
    neighbours = [{j for j in range(n) if j != i and near[i, j]} for i in range(n)]
    taken: set[int] = set()
    groups = []
    for row in sorted(range(n), key=lambda i: (-len(neighbours[i]), i)):
        if row in taken:
            continue
        members = sorted(neighbours[row] - taken)
        taken |= {row, *members}
        if members:
            groups.append([row, *members])
    return groups


def near_rounding() -> float:
    return near.ROUNDING


def as_lists(groups: list[NDArray[np.int64]]) -> list[list[int]]:
    return [group.tolist() for group in groups]


def test_a_chain_of_small_steps_does_not_join_its_ends() -> None:
    chain = on_circle(0, 8, 16, 24, 32)
    groups = as_lists(star_groups(chain, float(np.cos(np.deg2rad(9)))))
    assert groups == [[1, 0, 2], [3, 4]]


def test_the_row_with_the_most_neighbours_represents_then_the_preferred_then_the_first() -> None:
    pair = on_circle(0, 1, 90, 91)
    assert as_lists(star_groups(pair, 0.99)) == [[0, 1], [2, 3]]
    assert as_lists(star_groups(pair, 0.99, prefer=np.array([1, 0, 1, 0]))) == [[1, 0], [3, 2]]
    hub = on_circle(0, 5, 10)
    assert as_lists(star_groups(hub, float(np.cos(np.deg2rad(6))), prefer=np.array([0, 9, 9]))) == [[1, 0, 2]]


def test_identical_rows_are_a_group_even_at_score_one() -> None:
    rows = unit(np.random.default_rng(0).normal(size=(6, 33)))
    matrix = rows[[0, 1, 0, 2, 1, 0]]
    assert as_lists(star_groups(matrix, 1.0)) == [[0, 2, 5], [1, 4]]


def test_nothing_to_group() -> None:
    assert star_groups(np.empty((0, 4), np.float32), 0.9) == []
    assert star_groups(on_circle(0), 0.9) == []
    assert star_groups(on_circle(0, 90), 0.9) == []
    assert star_groups(np.zeros((3, 4), np.float32), 0.9) == []


@pytest.mark.parametrize("cells", [1 << 24, 300, 1])
@pytest.mark.parametrize("min_score", [0.5, 0.9, 0.98])
def test_equals_brute_force_whatever_the_block(monkeypatch: pytest.MonkeyPatch, cells: int, min_score: float) -> None:
    monkeypatch.setattr(near, "BLOCK_CELLS", cells)
    monkeypatch.setattr(tiles, "TILE", (min(cells, 50), min(cells, 50) + 7))
    matrix = clumps(np.random.default_rng(1), 120, 16, 0.2)
    assert as_lists(star_groups(matrix, min_score)) == by_brute_force(matrix, min_score)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 60), d=st.integers(2, 8), min_score=st.floats(0.2, 0.999))
def test_stars_hold_what_they_promise(seed: int, n: int, d: int, min_score: float) -> None:
    matrix = clumps(np.random.default_rng(seed), n, d, 0.3)
    groups = star_groups(matrix, min_score)
    scores = matrix.astype(np.float64) @ matrix.astype(np.float64).T
    members = np.concatenate([[], *[group[1:] for group in groups]]).astype(int)
    assert len(set(members.tolist())) == len(members), "a row is in one group"
    for group in groups:
        assert (scores[group[0], group] >= min_score - 2e-6).all(), "members are near their representative"
    heads = np.setdiff1d(np.arange(n), members)
    apart = scores[np.ix_(heads, heads)] - 2 * np.eye(len(heads))
    assert (apart < min_score + 1e-6).all(), "no two representatives are near each other"


def test_the_same_groups_whatever_order_the_rows_were_added_in() -> None:
    rng = np.random.default_rng(3)
    matrix = clumps(rng, 80, 12, 0.15)
    shuffled = rng.permutation(80)
    sorted_again = matrix[shuffled][np.argsort(shuffled)]
    assert as_lists(star_groups(sorted_again, 0.9)) == as_lists(star_groups(matrix, 0.9))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 80), min_score=st.floats(0.3, 1.0), listed=st.integers(0, 5))
def test_equals_brute_force_with_equal_rows_and_lists_cut_short(
    seed: int, n: int, min_score: float, listed: int
) -> None:
    rng = np.random.default_rng(seed)
    matrix = clumps(rng, n, 6, 0.2)[rng.integers(n, size=n)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "LISTED", listed)
        assert as_lists(star_groups(matrix, min_score)) == by_brute_force(matrix, min_score)


def test_a_group_longer_than_the_lists_comes_out_whole() -> None:
    rng = np.random.default_rng(4)
    centre = rng.normal(size=(1, 24))
    matrix = unit(np.concatenate([centre + 0.01 * rng.normal(size=(500, 24)), rng.normal(size=(100, 24))]))
    assert len(matrix) > pairs.LISTED
    groups = star_groups(matrix, 0.98)
    assert [sorted(group.tolist()) for group in groups] == [list(range(500))]


def test_confirm_is_asked_most_similar_first_and_again_for_what_it_refused() -> None:
    asked: list[tuple[int, list[int]]] = []

    def confirm(row: int, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
        asked.append((row, candidates.tolist()))
        return np.asarray(candidates[candidates != 1])

    groups = star_groups(on_circle(0, 0, 3, 1), 0.9, prefer=np.array([0, 1, 2, 3]), confirm=confirm)
    assert asked == [(0, [1, 3, 2]), (1, [])]
    assert as_lists(groups) == [[0, 3, 2]]


def test_greedy_stars_takes_any_notion_of_nearness() -> None:
    edges = {0: [1, 2], 1: [0], 2: [0, 3], 3: [2], 4: []}

    def neighbours(row: int, free: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.array([other for other in edges[row] if free[other]], dtype=np.int64)

    assert as_lists(greedy_stars([3, 0, 1, 2, 4], neighbours)) == [[3, 2], [0, 1]]
