from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from echodex.indexing.neighbours.closure import closure
from echodex.indexing.neighbours.graph_search import Neighbours, graph_of


@given(st.integers(0, 30), st.integers(1, 8), st.integers(0, 1000))
def test_an_edge_in_both_directions_for_every_listed_pair(n: int, k: int, seed: int) -> None:
    rows = np.random.default_rng(seed).integers(-2, 3, size=(n, 3)).astype(np.float64)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    graph = graph_of((rows / np.where(norms > 0, norms, 1)).astype(np.float32), k, exact=True)
    expected = {}
    for row in range(n):
        for other, score in zip(graph.ids[row].tolist(), graph.scores[row].tolist(), strict=True):
            if other >= 0:
                expected[row, other] = expected[other, row] = score
    found = closure(graph)
    assert found.shape == (n, n)
    assert found.dtype == np.float32
    assert found.has_canonical_format
    edges = found.tocoo()
    assert dict(zip(zip(edges.row.tolist(), edges.col.tolist(), strict=True), edges.data.tolist(), strict=True)) == (
        expected
    )
    assert (found != found.T).nnz == 0


def test_edges_of_score_zero_are_edges() -> None:
    graph = Neighbours(np.array([[1], [0], [0]]), np.array([[0.0], [0.0], [0.5]], np.float32), True, np.ones(1), 0)
    found = closure(graph)
    assert found.nnz == 4
    assert found.indices.tolist() == [1, 2, 0, 0]
    assert found.data.tolist() == [0, 0.5, 0, 0.5]
