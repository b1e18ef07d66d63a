"""Cells: a partition of the rows of a matrix by k-means, so that what is near is looked for in a few cells, not all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32

Rows = NDArray[np.int64]

ITERATIONS = 6
ROWS_PER_CELL = 32
"""K-means of a search structure needs no precise centres: more iterations and rows cost more than they find."""


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

    count: how many, by default 1.5 sqrt(n). The same rows and seed give the same cells.
    """
    import faiss

    n, dim = matrix.shape
    count = min(n, count or max(1, round(1.5 * n**0.5)))
    kmeans = faiss.Kmeans(
        dim, count, niter=ITERATIONS, seed=seed + 1, min_points_per_centroid=1, max_points_per_centroid=ROWS_PER_CELL
    )
    kmeans.train(matrix)
    cell = kmeans.index.search(matrix, 1)[1][:, 0]
    starts = np.concatenate([[0], np.cumsum(np.bincount(cell, minlength=count))])
    return Cells(np.asarray(kmeans.centroids), np.argsort(cell, kind="stable"), starts.astype(np.int64))
