"""A spanning tree that is found fast and bounds the minimum one from above.

How near it comes decides how much is left to compare (candidates.py), never what comes of it; so its lists are only of
the cells around each row. Where these miss so much that a sample of rows has many times the neighbours it should have
within its core distance, as in data without any structure, the better lists of joining.py are made after all.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from ...indexing.cells import Cells, make_cells
from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.pipeline import core_count, in_order
from .joining import PROBES, approximate_tree, distances, tree_of_lists
from .ladder import Rows, Weights
from .pairs import Tree

FEW_ROWS = 2048
"""Up to so many rows, all are compared with all at once."""

AROUND = 1024
"""A row is compared with the cells nearest to its own that hold so many rows in all."""

SAMPLE_ROWS = 256
CROWDED = 8
"""If a sample of rows has so many times more neighbours than wanted within what it found, better lists pay."""


def bounding_tree(matrix: Float32, min_samples: int, *, seed: int = 0, progress: Progress = silent) -> Tree:
    """Return a spanning tree of float32[n, d], distinct unit rows, n >= 2."""
    n = len(matrix)
    if FEW_ROWS < n <= 2 * min_samples:
        return _tree(approximate_tree(matrix, min_samples, seed=seed, progress=progress))
    cells = make_cells(matrix, 1 if n <= FEW_ROWS else None, seed)
    lists = lists_around(matrix, cells, min(min_samples + 1, n - 1))
    if n > FEW_ROWS and _crowded(matrix, lists, min_samples, seed):
        return _tree(approximate_tree(matrix, min_samples, seed=seed, progress=progress))
    return _tree(tree_of_lists(matrix, lists, min_samples, (cells, PROBES), progress))


def _tree(edges: tuple[Rows, Rows, Weights]) -> Tree:
    low, high, weights = edges
    return Tree(low, high, weights**2)


def lists_around(matrix: Float32, cells: Cells, k: int) -> Rows:
    """Return int64[n, k]: for each row the k nearest others in the cells around its own, in no order."""
    lists = np.empty((len(matrix), k), dtype=np.int64)
    squares = np.einsum("cd,cd->c", cells.centroids, cells.centroids)
    order = np.argsort(squares - 2 * (cells.centroids @ cells.centroids.T), axis=1)
    reach = np.argmax(np.cumsum(cells.sizes[order], axis=1) >= min(max(AROUND, 2 * k), len(matrix)), axis=1) + 1

    def fill(cell: int) -> None:
        rows = cells.members(cell)
        others = np.concatenate([cells.members(number) for number in {cell, *order[cell, : reach[cell]].tolist()}])
        scores = matrix[rows] @ matrix[others].T
        scores[rows[:, None] == others] = -np.inf
        lists[rows] = others[np.argpartition(scores, -k, axis=1)[:, -k:]]

    with threadpool_limits(limits=1, user_api="blas"):
        for _ in in_order(fill, np.flatnonzero(cells.sizes).tolist(), ahead=2 * core_count()):
            pass
    return lists


def _crowded(matrix: Float32, lists: Rows, min_samples: int, seed: int) -> bool:
    """Whether many more rows than `min_samples` are as near as the lists say, for a sample of rows."""
    sample = np.random.default_rng(seed).choice(len(matrix), min(SAMPLE_ROWS, len(matrix)), replace=False)
    cores = np.partition(distances(matrix, sample, lists[sample]), min_samples - 1, axis=1)[:, min_samples - 1]
    within = (matrix[sample] @ matrix.T >= 1 - cores[:, None] / 2).sum(axis=1)
    return bool(within.mean() > CROWDED * (min_samples + 1))
