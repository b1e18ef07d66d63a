from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist

from echodex.indexing.cells import make_cells
from echodex.pruning.clustering import bound as module
from echodex.pruning.clustering.bound import bounding_tree, lists_around
from echodex.schemas.vector import Float32


@pytest.mark.parametrize("few_rows", [100, 2048])
def test_a_spanning_tree_no_lighter_than_it_is(
    few_rows: int, uneven: list[Float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FEW_ROWS", few_rows)
    monkeypatch.setattr(module, "AROUND", 60)
    matrix = np.unique(uneven[1], axis=0)
    n, wide = len(matrix), matrix.astype(np.float64)
    tree = bounding_tree(matrix, 5)
    low, high, weights = tree.low, tree.high, np.sqrt(tree.squared)
    assert connected_components(csr_matrix((np.ones(n - 1), (low, high)), shape=(n, n)))[0] == 1
    distances = cdist(wide, wide)
    cores = np.sort(distances, axis=1)[:, 5]
    true = np.maximum(distances[low, high], np.maximum(cores[low], cores[high]))
    assert (weights >= true * (1 - 1e-6)).all()
    assert weights.mean() < 1.1 * true.mean()


def test_lists_hold_others_once_and_most_of_the_nearest(uneven: list[Float32]) -> None:
    matrix = np.unique(uneven[1], axis=0)
    lists = lists_around(matrix, make_cells(matrix), 6)
    scores = matrix @ matrix.T
    np.fill_diagonal(scores, -np.inf)
    assert (lists != np.arange(len(matrix))[:, None]).all()
    assert (np.diff(np.sort(lists, axis=1)) > 0).all()
    assert (
        np.mean([np.isin(np.argsort(-row)[:6], found).mean() for row, found in zip(scores, lists, strict=True)]) > 0.9
    )


def test_a_crowd_that_float32_products_see_as_one_row_is_told_apart() -> None:
    rows = np.eye(1, 32) + 1e-4 * np.random.default_rng(0).standard_normal((2500, 32))
    matrix = np.unique((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), axis=0)
    wide = matrix.astype(np.float64)
    distances = cdist(wide, wide)
    cores = np.sort(distances, axis=1)[:, 5]
    found = np.sqrt(bounding_tree(matrix, 5).squared).mean()
    assert found < 1.2 * minimum_spanning_tree(np.maximum(distances, np.maximum(cores[:, None], cores))).data.mean()
