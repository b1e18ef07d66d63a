"""Both ways of elimination against the definition, and against each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from echodex.pruning.selectors.jsd import DENSE_ROWS, JSD
from echodex.pruning.selectors.jsd_dense import eliminate_dense
from echodex.pruning.selectors.jsd_sparse import eliminate_sparse

Matrix = NDArray[np.float32]
Way = Callable[[Matrix, NDArray[np.float32] | None], tuple[NDArray[np.int64], NDArray[np.float32]]]
WAYS = pytest.mark.parametrize("way", [eliminate_dense, eliminate_sparse])
RNG = np.random.default_rng(0)


def by_definition(vectors: Matrix, weights: NDArray[np.float32]) -> list[int]:
    """The order straight from the definition, in float64."""
    wide = vectors.astype(np.float64)
    cosines = wide @ wide.T
    np.fill_diagonal(cosines, 0)
    left, gone = list(range(len(vectors))), []
    while len(left) > 1:
        _, i, j = max((cosines[i, j], i, j) for i in left for j in left if i < j)
        totals = cosines[np.ix_([i, j], left)].sum(axis=1).round(6)
        out = max((-weights[i], totals[0], i), (-weights[j], totals[1], j))[2]
        left.remove(out)
        gone.append(out)
    return left + gone[::-1]


@WAYS
@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_that_of_the_definition(blob: Callable[..., Matrix], seed: int, way: Way) -> None:
    vectors = blob(70, d=6, seed=seed)  # more than fit on a list, so that lists are renewed
    weights = np.random.default_rng(seed).integers(1, 4, 70).astype(np.float32)
    assert way(vectors, None)[0].tolist() == by_definition(vectors, np.ones(70, np.float32))
    assert way(vectors, weights)[0].tolist() == by_definition(vectors, weights)


def test_both_ways_are_one_on_thousands_of_rows(blob: Callable[..., Matrix]) -> None:
    vectors = blob(2000, d=8, copies=300, jitter=0.05)
    (order, gains), (other, others) = eliminate_dense(vectors, None), eliminate_sparse(vectors, None)
    assert gains == pytest.approx(others, abs=2e-6)
    assert (order == other).mean() > 0.98, "but for pairs that float32 cannot tell apart"


@WAYS
def test_planted_copies_are_the_first_to_go(blob: Callable[..., Matrix], way: Way) -> None:
    vectors = blob(400, d=64, copies=120, jitter=0.05)
    order = way(vectors, None)[0]
    for removed in range(1, 400):
        out = set(order[400 - removed :].tolist())
        broken = sum(bool({row, 280 + row} & out) for row in range(120))
        assert broken == min(removed, 120)


@WAYS
def test_of_a_planted_pair_the_lighter_goes(blob: Callable[..., Matrix], way: Way) -> None:
    vectors = blob(200, d=64, copies=60, jitter=0.05)
    weights = np.ones(200, dtype=np.float32)
    weights[:30] = 2
    weights[170:] = 3  # copies of rows 30 to 59
    out = set(way(vectors, weights)[0][-60:].tolist())
    assert out == {*range(140, 170), *range(30, 60)}


@WAYS
@pytest.mark.parametrize("m", [1, 2, 3, 100])
def test_identical_rows_leave_from_the_last(m: int, way: Way) -> None:
    vectors = np.repeat(np.array([[0.6, 0.8]], dtype=np.float32), m, axis=0)
    order, gains = way(vectors, None)
    assert sorted(order.tolist()) == list(range(m))
    assert gains.tolist() == [1.0] + [0.0] * (m - 1)


@WAYS
def test_a_crowd_of_near_copies_larger_than_a_list_goes_first(blob: Callable[..., Matrix], way: Way) -> None:
    vectors = blob(260, d=64)
    crowd = vectors[:1] + 0.001 * np.random.default_rng(0).normal(size=(100, 64))
    vectors[:100] = crowd / np.linalg.norm(crowd, axis=1, keepdims=True)
    assert set(way(vectors, None)[0][-99:].tolist()) < set(range(100))


def check_steps(vectors: Matrix, order: NDArray[np.int64], gains: NDArray[np.float32]) -> None:
    """Each row that leaves is of a nearest pair among those left, and not the one with the lower total: to within what
    float32 can tell, since of two such choices either is right, and what follows depends on it.
    """
    wide = vectors.astype(np.float64)
    cosines = wide @ wide.T
    np.fill_diagonal(cosines, 0)
    left = np.ones(len(vectors), dtype=np.bool_)
    for place in range(len(order) - 1, 0, -1):
        out = order[place]
        among = np.where(left[:, None] & left & ~np.eye(len(left), dtype=np.bool_), cosines, -np.inf)
        nearest, totals = among.max(), cosines[:, left].sum(axis=1)
        partners = np.flatnonzero(among[out] >= nearest - 2e-6)
        assert len(partners), f"row {out} is of no nearest pair"
        assert (totals[out] >= totals[partners] - 5e-5).any()
        assert gains[place] == pytest.approx(1 - nearest, abs=5e-6)
        left[out] = False


@WAYS
@given(seed=st.integers(0, 10_000), m=st.integers(1, 120), d=st.integers(2, 6), distinct=st.integers(1, 120))
def test_any_rows_leave_by_the_definition(way: Way, seed: int, m: int, d: int, distinct: int) -> None:
    random = np.random.default_rng(seed)
    rows = (random.normal(size=d) + random.normal(size=(distinct, d)))[random.integers(distinct, size=m)]
    vectors = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    order, gains = way(vectors, None)
    assert sorted(order.tolist()) == list(range(m))
    check_steps(vectors, order, gains)


@pytest.mark.slow
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000), spread=st.floats(0.1, 2), copies=st.integers(0, 2000))
def test_a_large_cluster_loses_a_larger_share_the_larger_t(seed: int, spread: float, copies: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(size=24) + spread * random.normal(size=(DENSE_ROWS + 500, 24))
    rows[:copies] = rows[len(rows) - copies :]
    vectors = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    kept = [JSD(t=t).select(vectors, RNG).kept for t in (0.0, 0.1, 0.3, 0.6, 1.0)]
    assert kept[0] == len(vectors)
    assert kept == sorted(kept, reverse=True)


@pytest.mark.slow
def test_one_thread_and_two_choose_the_same(blob: Callable[..., Matrix]) -> None:
    vectors = blob(DENSE_ROWS + 500, d=24, copies=500, jitter=0.05)
    chosen = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            chosen.append(JSD(t=0.5).select(vectors, RNG))
    assert chosen[0].order.tolist() == chosen[1].order.tolist()
    assert chosen[0].kept == chosen[1].kept
