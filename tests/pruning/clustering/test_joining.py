from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from echodex.indexing.cells import Cells, make_cells
from echodex.pruning.clustering.joining import approximate_tree
from echodex.pruning.clustering.outside import Outside

Matrix = NDArray[np.float32]
Blobs = Callable[..., Matrix]


def chords(matrix: Matrix) -> NDArray[np.float64]:
    wide = matrix.astype(np.float64)
    return np.asarray(np.linalg.norm(wide[:, None] - wide[None], axis=2))


def reachability(matrix: Matrix, min_samples: int) -> NDArray[np.float64]:
    """Every pair's mutual reachability, from the definition."""
    distance = chords(matrix)
    cores = np.sort(distance, axis=1)[:, min(min_samples, len(matrix) - 1)]  # place 0 is the row itself
    return np.asarray(np.maximum(distance, np.maximum(cores[:, None], cores)))


def spans(low: NDArray[np.int64], high: NDArray[np.int64], n: int) -> bool:
    tree = csr_matrix((np.ones(len(low)), (low, high)), shape=(n, n))
    return len(low) == n - 1 and int(connected_components(tree, directed=False)[0]) == 1


@pytest.mark.parametrize(("seed", "min_samples"), [(0, 5), (1, 1), (2, 20)])
def test_weighs_what_the_minimum_tree_weighs(blobs: Blobs, seed: int, min_samples: int) -> None:
    matrix = blobs(6, 60, noise=60, seed=seed)
    low, high, weights = approximate_tree(matrix, min_samples)
    pairs = reachability(matrix, min_samples)
    assert spans(low, high, len(matrix))
    assert weights == pytest.approx(pairs[low, high], abs=1e-6)
    assert (np.diff(weights) >= 0).all()
    assert weights.sum() == pytest.approx(minimum_spanning_tree(pairs).sum(), rel=1e-3)


@given(n=st.integers(1, 60), copies=st.integers(0, 50), zeros=st.integers(0, 3), seed=st.integers(0, 99))
def test_the_tree_always_spans(n: int, copies: int, zeros: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n, 4))
    rows = np.concatenate([rows, np.repeat(rows[:1], copies, axis=0)])
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    matrix = np.concatenate([matrix, np.zeros((zeros, 4), np.float32)])
    low, high, weights = approximate_tree(matrix, 3)
    assert spans(low, high, len(matrix))
    assert np.isfinite(weights).all()


def test_the_same_rows_and_seed_give_the_same_tree(blobs: Blobs) -> None:
    matrix = blobs(5, 100, noise=50)
    for one, again in zip(approximate_tree(matrix, 5, seed=3), approximate_tree(matrix, 5, seed=3), strict=True):
        assert (one == again).all()


def test_approximate_lists_still_give_nearly_the_minimum_tree(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists as a large set has them: from cells, with misses."""
    from echodex.indexing.neighbours import graph_search

    monkeypatch.setattr(graph_search, "SMALL_ROWS", 100)
    matrix = blobs(20, 60, noise=300, d=16, seed=4)
    graph = graph_search.graph_of(matrix, 15, recall=0.99)
    assert not graph.exact
    low, high, weights = approximate_tree(matrix, 5)
    least = minimum_spanning_tree(reachability(matrix, 5)).sum()
    assert spans(low, high, len(matrix))
    assert 1 - 1e-6 <= weights.sum() / least < 1.001


def test_a_row_looks_past_cells_of_its_own_component(blobs: Blobs) -> None:
    matrix = blobs(4, 50, spread=0.1, seed=2)
    component = connected_components(csr_matrix(chords(matrix) < 0.6), directed=False)[1].astype(np.int64)
    assert len(np.unique(component)) == 4
    rows = np.arange(len(matrix))
    found = Outside(matrix, np.zeros(len(matrix), np.float32), make_cells(matrix), 3).nearest(rows, component)
    distance = chords(matrix)
    distance[component[:, None] == component] = np.inf
    assert (component[found] != component).all()
    assert distance[rows, found].mean() < distance.min(axis=1).mean() * 1.02


def test_empty_cells_hide_nothing(blobs: Blobs) -> None:
    matrix = blobs(2, 50)
    component = np.repeat([0, 1], 50)
    centroids = np.concatenate([matrix[:10], matrix[50:51]])  # ten cells at hand in which there is nothing
    cells = Cells(centroids, np.arange(100), np.concatenate([np.zeros(11, np.int64), [100]]))
    found = Outside(matrix, np.zeros(100, np.float32), cells, 2).nearest(np.arange(100), component)
    assert (component[found] != component).all()


def test_with_every_cell_searched_the_nearest_is_found(blobs: Blobs) -> None:
    matrix = blobs(5, 30, noise=30, seed=3)
    component = np.arange(len(matrix)) % 3
    cores = np.zeros(len(matrix), np.float32)
    search = Outside(matrix, cores, make_cells(matrix), len(matrix))
    distance = chords(matrix)
    distance[component[:, None] == component] = np.inf
    assert (search.nearest(np.arange(len(matrix)), component) == distance.argmin(axis=1)).all()
