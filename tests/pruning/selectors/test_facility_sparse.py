"""The sparse way, held against the dense one and against the vectors themselves."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from echodex.indexing.identical import equal_rows
from echodex.indexing.neighbours import rough
from echodex.pruning.coverage import coverage
from echodex.pruning.selectors.base import Selection, medoid
from echodex.pruning.selectors.facility import select_dense, select_sparse
from echodex.pruning.selectors.facility_cut import Prefixes, lost_by_count
from echodex.pruning.selectors.facility_sparse import GraphCovered, sparse_greedy

Matrix = NDArray[np.float32]


def groups(m: int, count: int, d: int = 32, seed: int = 0, spread: float = 0.5) -> Matrix:
    """One cluster of `count` uneven groups of rows: all lean to one side."""
    random = np.random.default_rng(seed)
    centres = 1.0 + random.normal(size=(count, d))
    rows = centres[(count * random.random(m) ** 2).astype(int)] + spread * random.normal(size=(m, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def objective(vectors: Matrix, chosen: NDArray[np.int64]) -> float:
    """F(S) straight from its definition."""
    return float((vectors @ vectors[chosen].T).max(axis=1).mean(dtype=np.float64))


def true_coverage(vectors: Matrix, selection: Selection, count: int) -> float:
    kept = np.zeros(len(vectors), dtype=bool)
    kept[selection.order[:count]] = True
    return coverage(vectors, kept)


@pytest.mark.parametrize(("m", "count"), [(2000, 20), (3000, 150), (4000, 1)])
def test_as_good_as_the_dense_greedy_at_equal_counts(m: int, count: int) -> None:
    vectors = groups(m, count)
    for eps in (0.05, 0.2):
        dense = select_dense(vectors, eps, None)
        sparse = select_sparse(vectors, eps, None)
        assert sparse.kept == pytest.approx(dense.kept, rel=0.1)
        for picks in {dense.kept, m // 10, m // 2}:
            share = objective(vectors, sparse.order[:picks]) / objective(vectors, dense.order[:picks])
            assert share >= 0.999


@pytest.mark.parametrize("eps", [0.02, 0.1, 0.3, 0.6])
def test_the_cut_is_the_shortest_prefix_of_enough_true_coverage(eps: float) -> None:
    vectors = groups(2500, 60)
    chosen = select_sparse(vectors, eps, None)
    measured = true_coverage(vectors, chosen, chosen.kept)
    assert measured >= 1 - eps - 1e-6
    assert true_coverage(vectors, chosen, chosen.kept - 1) < 1 - eps + 1e-6


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), m=st.integers(1, 120), count=st.integers(1, 9), copies=st.integers(0, 30))
def test_every_sparse_selection_keeps_its_promises(seed: int, m: int, count: int, copies: int) -> None:
    vectors = groups(m, count, d=8, seed=seed)
    copies = min(copies, m // 2)
    vectors[m - copies :] = vectors[:copies]
    results = [select_sparse(vectors, eps, None) for eps in (0.0, 0.01, 0.1, 0.5, 1.0)]
    order = results[0].order
    assert order[0] == medoid(vectors) or (vectors[order[0]] == vectors[medoid(vectors)]).all()
    assert sorted(order.tolist()) == list(range(m))
    assert all((result.order == order).all() for result in results), "one order holds every eps: plans are nested"
    kept = [result.kept for result in results]
    assert kept == sorted(kept, reverse=True), "smaller eps keeps at least as many"
    assert kept[-1] == 1
    assert kept[0] == m - copies, "eps = 0 keeps every distinct clip"
    assert (results[0].gains[m - copies :] == 0).all()
    assert len(np.unique(vectors[order[: m - copies]], axis=0)) == m - copies, "copies come last"


def test_with_full_lists_the_order_is_that_of_the_dense_greedy() -> None:
    vectors = groups(33, 4, d=8)
    dense, sparse = select_dense(vectors, 0.1, None), select_sparse(vectors, 0.1, None)
    np.testing.assert_array_equal(sparse.order, dense.order)
    np.testing.assert_allclose(sparse.gains, dense.gains, atol=1e-6)
    assert sparse.kept == dense.kept


def test_copies_count_as_clips_that_are_to_be_covered() -> None:
    few = groups(60, 1, d=8, seed=1)
    vectors = np.concatenate([few, np.repeat(few[:1], 40, axis=0)])
    dense, sparse = select_dense(vectors, 0.2, None), select_sparse(vectors, 0.2, None)
    assert abs(sparse.kept - dense.kept) <= 2
    assert true_coverage(vectors, sparse, sparse.kept) >= 0.8 - 1e-6


def test_weights_prefer_and_choose_among_copies() -> None:
    vectors = np.repeat(groups(400, 5), 2, axis=0)
    weights = np.ones(800, dtype=np.float32)
    weights[1::2] = 3
    chosen = select_sparse(vectors, 0.2, weights)
    assert (chosen.order[:400] % 2 == 1).all(), "the heavier of two copies"
    weights[:] = 1
    weights[:80] = 50
    heavy = select_sparse(vectors, 0.2, weights)
    even = select_sparse(vectors, 0.2, None)
    assert (heavy.order[:100] < 80).sum() > 2 * (even.order[:100] < 80).sum()
    assert true_coverage(vectors, heavy, heavy.kept) >= 0.8 - 1e-6


def test_the_number_of_threads_does_not_matter() -> None:
    vectors = groups(3000, 30)
    orders = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            orders.append(select_sparse(vectors, 0.2, None).order)
    np.testing.assert_array_equal(orders[0], orders[1])


@pytest.mark.slow
def test_of_any_number_the_first_picks_are_as_good_as_those_of_the_dense_greedy() -> None:
    vectors = groups(9000, 300, d=128, spread=0.7)
    dense, sparse = select_dense(vectors, 0.2, None).order, select_sparse(vectors, 0.2, None).order
    for count in (2, 4, 7, 10, 20, 40, 80, 160, 400, 1000):
        assert objective(vectors, sparse[:count]) >= 0.997 * objective(vectors, dense[:count]), count


@pytest.mark.slow
def test_the_cut_on_lists_made_cell_by_cell_is_not_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = groups(6000, 60)
    whole = [select_sparse(vectors, eps, None).kept for eps in (0.1, 0.3, 0.6)]
    monkeypatch.setattr(rough, "SMALL_ROWS", 1000)
    monkeypatch.setattr(rough, "AROUND", 1000)
    for eps, kept in zip((0.1, 0.3, 0.6), whole, strict=True):
        chosen = select_sparse(vectors, eps, None)
        assert chosen.kept <= 1.1 * kept + 2
        assert true_coverage(vectors, chosen, chosen.kept) >= 1 - eps - 1e-6


@pytest.mark.slow
def test_on_lists_made_cell_by_cell_a_smaller_eps_keeps_at_least_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a pick that is missing from a list is nearer than one that is on it."""
    monkeypatch.setattr(rough, "SMALL_ROWS", 500)
    monkeypatch.setattr(rough, "AROUND", 200)
    vectors = groups(2000, 40, d=64, spread=0.9)
    classes = equal_rows(vectors, np.arange(len(vectors)))
    covered = GraphCovered(vectors, classes.sizes(), medoid(vectors))
    order = sparse_greedy(covered, None)[0]
    prefixes = Prefixes(covered, order)
    lost = [prefixes.lost(count) for count in range(1, len(order) + 1)]
    assert (np.diff(lost) <= 1e-6).all()
    exact = lost_by_count(covered, order)
    assert (np.array(lost) >= exact - 1e-4).all(), "never less than is lost"
    assert (np.array(lost) > exact + 1e-4).any(), "lists with misses"
    kept = [select_sparse(vectors, eps, None).kept for eps in np.linspace(0, 0.5, 26)]
    assert kept == sorted(kept, reverse=True)


@pytest.mark.slow
def test_twenty_thousand_rows_need_no_matrix() -> None:
    script = """
import numpy as np
from echodex.pruning.selectors.facility import Facility
def peak():  # not ru_maxrss: a child inherits that of its parent
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
rows = 1 + np.random.default_rng(0).standard_normal((20_000, 32), dtype=np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
Facility(eps=0.2).select(rows[:9000], np.random.default_rng(0))
before = peak()
assert Facility(eps=0.2).select(rows, np.random.default_rng(0)).kept < 20_000
print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 300_000, "kilobytes; the matrix of cosines alone would be 1.6 GB"
