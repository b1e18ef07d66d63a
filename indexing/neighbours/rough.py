"""Lists of near rows for those who need many fast, and not each of the nearest: one matrix product a cell.

All rows of a cell are compared with the same rows, those of the cells around it. So time is linear in the rows, beside
what k-means takes, and cosines stay as float32 products: nearer than 1e-6 an order is not known. Where lists must be
exact, or of a recall that is measured, see graph_search.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from ..cells import Cells, make_cells
from .graph_search import SMALL_ROWS

Rows = NDArray[np.int64]

AROUND = 8192
"""Rows that those of a cell are compared with, at least: of 100,000 rows in groups of 30 that finds 9 in 10 of the 128
nearest."""


def rough_lists(matrix: Float32, k: int) -> tuple[Rows, Float32]:
    """Return ids int64[n, k] and cosines float32[n, k], nearest first, of float32[n, d] (L2-normalised), 1 <= k <= n.

    Each row is on its own list, with cosine 1. Complete up to SMALL_ROWS rows; above, what lies in cells farther away
    is missing.
    """
    ids, scores = np.empty((len(matrix), k), dtype=np.int64), np.empty((len(matrix), k), dtype=np.float32)
    if len(matrix) <= SMALL_ROWS:
        everything = np.arange(len(matrix))
        _compare(matrix, everything, everything, ids, scores)
        return ids, scores
    cells = make_cells(matrix)
    for cell in np.flatnonzero(cells.sizes).tolist():
        _compare(matrix, cells.members(cell), _around(cells, cell, max(k, AROUND)), ids, scores)
    return ids, scores


def _around(cells: Cells, cell: int, count: int) -> Rows:
    """Return the rows of a cell and of those nearest to it, until there are `count`, or all."""
    nearness = cells.centroids @ cells.centroids[cell] - (cells.centroids**2).sum(axis=1) / 2
    nearness[cell] = np.inf
    nearest = np.argsort(-nearness, kind="stable")
    enough = int(np.searchsorted(np.cumsum(cells.sizes[nearest]), count)) + 1
    return np.concatenate([cells.members(other) for other in nearest[:enough].tolist()])


def _compare(matrix: Float32, rows: Rows, base: Rows, ids: Rows, scores: Float32) -> None:
    """Write the lists of `rows`, of rows among `base`, which holds them."""
    import faiss

    k = ids.shape[1]
    near, found = faiss.knn(matrix[rows], matrix[base], k, metric=faiss.METRIC_INNER_PRODUCT)
    found = base[found]
    missing = ~(found == rows[:, None]).any(axis=1)  # behind k others that are as near by rounding
    found[missing, -1] = rows[missing]
    near[found == rows[:, None]] = 1
    ids[rows], scores[rows] = found, near
