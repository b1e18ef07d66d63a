from __future__ import annotations

import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from echodex.audio.cores import core_count
from echodex.pruning.clustering import candidates
from echodex.pruning.clustering import spanning as module
from echodex.pruning.clustering.joining import approximate_tree
from echodex.pruning.clustering.pairs import Tree
from echodex.pruning.clustering.spanning import spanning_tree
from echodex.schemas.vector import Float32


def mutual_reachability(matrix: Float32, min_samples: int) -> np.ndarray:
    wide = matrix.astype(np.float64)
    distances = cdist(wide, wide)
    cores = np.sort(distances, axis=1)[:, min(min_samples, len(matrix) - 1)]
    return np.asarray(np.maximum(distances, np.maximum(cores[:, None], cores)))


def weights_of(matrix: Float32, min_samples: int) -> np.ndarray:
    """The weights of the minimum spanning tree, ascending, by scipy on all pairs; zeros would be no edges: +1."""
    table = mutual_reachability(matrix, min_samples) + 1
    np.fill_diagonal(table, 0)
    return np.sort(minimum_spanning_tree(csr_matrix(table)).data) - 1


def crowd(n: int, dim: int, spread: float) -> Float32:
    """Unit rows around one, and a few strays."""
    random = np.random.default_rng(n)
    rows = np.eye(1, dim) + spread * random.standard_normal((n, dim))
    rows[: n // 50] = random.standard_normal((n // 50, dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def is_tree(low: np.ndarray, high: np.ndarray, n: int) -> bool:
    graph = csr_matrix((np.ones(len(low)), (low, high)), shape=(n, n))
    return len(low) == n - 1 and connected_components(graph, directed=False)[0] == 1


@pytest.mark.parametrize("min_samples", [1, 3, 10, 500])
@pytest.mark.parametrize("number", range(4))
def test_equals_the_tree_of_all_pairs(number: int, min_samples: int, uneven: list[Float32]) -> None:
    matrix = uneven[number][:400]
    low, high, weights = spanning_tree(matrix, min_samples)
    assert is_tree(low, high, len(matrix))
    assert np.sort(weights) == pytest.approx(weights_of(matrix, min_samples), abs=1e-9)
    assert weights == pytest.approx(mutual_reachability(matrix, min_samples)[low, high], abs=1e-9)


@given(
    matrix=st.integers(2, 12).flatmap(lambda n: st.lists(st.sampled_from(range(6)), min_size=n, max_size=n)),
    min_samples=st.integers(1, 14),
)
def test_tiny_inputs_full_of_copies(matrix: list[int], min_samples: int) -> None:
    corners = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0.6, 0.8, 0], [0.8, 0.6, 0], [-1, 0, 0]], np.float32)
    rows = corners[matrix]
    low, high, weights = spanning_tree(rows, min_samples)
    assert is_tree(low, high, len(rows))
    assert np.sort(weights) == pytest.approx(weights_of(rows, min_samples), abs=1e-6)


def test_near_copies_are_told_apart() -> None:
    random = np.random.default_rng(0)
    rows = np.eye(1, 32) + 1e-4 * random.standard_normal((300, 32))
    matrix = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    weights = spanning_tree(matrix, 5)[2]
    assert np.sort(weights) == pytest.approx(weights_of(matrix, 5), rel=1e-6)


def test_zero_rows_are_at_right_angles_to_all_others() -> None:
    matrix = np.zeros((4, 3), np.float32)
    matrix[0, 0] = matrix[1, 1] = 1
    assert np.sort(spanning_tree(matrix, 1)[2]) == pytest.approx([0, 2**0.5, 2**0.5])


def test_any_tree_will_do_to_begin_with(monkeypatch: pytest.MonkeyPatch, uneven: list[Float32]) -> None:
    matrix = np.unique(uneven[0][:300], axis=0)
    expected = spanning_tree(matrix, 5)

    def poor(rows: Float32, min_samples: int, **_: object) -> Tree:
        return Tree(np.arange(len(rows) - 1), np.arange(1, len(rows)), np.full(len(rows) - 1, 4.0))

    def better(rows: Float32, min_samples: int, **_: object) -> Tree:
        low, high, weights = approximate_tree(rows, min_samples, seed=5)
        return Tree(low, high, weights**2)

    for tree in (poor, better):
        monkeypatch.setattr(module, "bounding_tree", tree)
        for one, other in zip(spanning_tree(matrix, 5), expected, strict=True):
            assert one.tolist() == other.tolist()


@pytest.mark.skipif(core_count() < 2, reason="needs two cores")
def test_threads_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through cells and strips, sifted more than once: a thread per core works on them."""
    monkeypatch.setattr(candidates, "HELD_PAIRS", 10_000)
    matrix, cores = crowd(2600, 24, 0.5), os.sched_getaffinity(0)
    results = []
    for allowed in ({min(cores)}, cores):
        os.sched_setaffinity(0, allowed)
        try:
            with threadpool_limits(limits=len(allowed)):
                results.append([part.tolist() for part in spanning_tree(matrix, 5)])
        finally:
            os.sched_setaffinity(0, cores)
    assert results[0] == results[1]


@pytest.mark.parametrize("spread", [1e-3, 1e-5])
def test_a_crowd_is_told_apart_whenever_its_pairs_are_sifted(spread: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "HELD_PAIRS", 20_000)
    matrix = crowd(2300, 16, spread)
    assert np.sort(spanning_tree(matrix, 5)[2]) == pytest.approx(weights_of(matrix, 5), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("spread", [1e-3, 1e-6])
def test_memory_of_a_crowd_is_bounded(spread: float) -> None:
    """All pairs of it would take 10 GB."""
    matrix = crowd(30_000, 16, spread)
    tracemalloc.start()
    try:
        weights = spanning_tree(matrix, 5)[2]
        assert tracemalloc.get_traced_memory()[1] < 1 << 30
    finally:
        tracemalloc.stop()
    assert len(weights) == len(matrix) - 1
