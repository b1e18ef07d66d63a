"""Cells: a partition of the rows of a matrix by k-means, so that what is near is looked for in a few cells, not all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..audio.cores import core_count
from ..schemas.vector import Float32
from ..store.pipeline import in_order

Rows = NDArray[np.int64]

ITERATIONS = 6
ROWS_PER_CELL = 32
"""K-means of a search structure needs no precise centres: more iterations and rows cost more than they find."""

_BLOCK_ROWS = 2048


@dataclass(frozen=True)
class Cells:
    """A partition of n rows into c cells.

    centroids: float32[c, d]; rows: int64[n], sorted by cell, then by row; starts: int64[c + 1], where in `rows` a cell
    begins.
    """

    centroids: Float32
    rows: Rows
    starts: Rows

    def __len__(self) -> int:
        return len(self.centroids)

    @property
    def sizes(self) -> Rows:
        """How many rows each cell has: int64[c]."""
        return np.diff(self.starts)

    def members(self, cell: int) -> Rows:
        """Return the rows of a cell, ascending."""
        return self.rows[self.starts[cell] : self.starts[cell + 1]]

    def cell_of(self) -> Rows:
        """Return int64[n]: the cell of each row."""
        cells = np.empty(len(self.rows), dtype=np.int64)
        cells[self.rows] = np.repeat(np.arange(len(self)), self.sizes)
        return cells


def make_cells(matrix: Float32, count: int | None = None, seed: int = 0) -> Cells:
    """Return cells of float32[n, d] (n >= 1) by k-means with Euclidean distance.

    count: how many, by default 1.5 sqrt(n); a cell can be empty. The same rows and seed give the same cells, whatever
    the number of threads.
    """
    n = len(matrix)
    count = min(n, count or max(1, round(1.5 * n**0.5)))
    sample = matrix[np.random.default_rng(seed).choice(n, min(n, ROWS_PER_CELL * count), replace=False)]
    middle = sample.mean(axis=0)  # float32 products of rows less their mean tell a crowd apart
    sample -= middle
    centroids = sample[:count].copy()
    for _ in range(ITERATIONS):
        centroids = _means(sample, _nearest(sample, np.zeros_like(middle), centroids), centroids)
    cell = _nearest(matrix, middle, centroids)
    starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=count))])
    return Cells(centroids + middle, np.argsort(cell, kind="stable"), starts.astype(np.int64))


def _nearest(matrix: Float32, middle: Float32, centroids: Float32) -> Rows:
    """Return int64[n]: the nearest centroid of each row less `middle`."""
    halves = np.einsum("cd,cd->c", centroids, centroids) / 2
    cell = np.empty(len(matrix), dtype=np.int64)

    def fill(start: int) -> None:
        block = matrix[start : start + _BLOCK_ROWS] - middle
        cell[start : start + len(block)] = (block @ centroids.T - halves).argmax(axis=1)

    with threadpool_limits(limits=1, user_api="blas"):
        for _ in in_order(fill, range(0, len(matrix), _BLOCK_ROWS), ahead=2 * core_count()):
            pass
    return cell


def _means(rows: Float32, cell: Rows, before: Float32) -> Float32:
    """Return the means float32[c, d] of the rows of each cell, and the centroid of before where there are none."""
    from scipy.sparse import csr_matrix

    sizes = np.bincount(cell, minlength=len(before))
    member = csr_matrix((np.ones(len(rows), np.float32), (cell, np.arange(len(rows)))), shape=(len(before), len(rows)))
    means = (member @ rows) / np.maximum(sizes, 1)[:, None].astype(np.float32)
    return np.asarray(np.where(sizes[:, None] > 0, means, before))
