"""A spanning tree that is found fast and bounds the minimum one from above.

How near it comes decides how many pairs have to be sifted (candidates.py), never what comes of it; so its lists are
only of the cells around each row.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from ...audio.cores import core_count
from ...indexing.cells import Cells, make_cells
from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.pipeline import in_order
from .joining import tree_of_lists
from .ladder import Rows
from .outside import squares_from
from .pairs import Tree

FEW_ROWS = 2048
"""Up to so many rows, all are compared with all at once."""

AROUND = 512
"""A row is compared with the cells nearest to its own that hold so many rows in all."""

PROBES = 4
"""Into so many cells a row looks that has to be joined."""


def bounding_tree(matrix: Float32, min_samples: int, *, seed: int = 0, progress: Progress = silent) -> Tree:
    """Return a spanning tree of float32[n, d], distinct unit rows, n >= 2."""
    n = len(matrix)
    cells = make_cells(matrix, 1 if n <= FEW_ROWS else None, seed)
    lists = lists_around(matrix, cells, min(min_samples + 1, n - 1))
    low, high, weights = tree_of_lists(matrix, lists, min_samples, (cells, PROBES), progress)
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
        far = squares_from(matrix[rows], matrix[others], cells.centroids[cell])
        far[rows[:, None] == others] = np.inf
        lists[rows] = others[np.argpartition(far, k - 1, axis=1)[:, :k]]

    with threadpool_limits(limits=1, user_api="blas"):
        for _ in in_order(fill, np.flatnonzero(cells.sizes).tolist(), ahead=2 * core_count()):
            pass
    return lists
