"""Which rows of a matrix are near which: exact, block by block, so that memory stays far below n x n."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32

Rows = NDArray[np.int64]

BLOCK_CELLS = 1 << 24
"""Scores held at once (64 MB as float32)."""

ROUNDING = 1e-6
"""Cosines of unit rows in float32 are off by up to about this much: rows nearer than this to 1 count as identical."""

UNSURE = 1e-5
"""Scores this near to a threshold are computed again in float64."""

_MANY_UNSURE = 16
"""Where more than one score in so many is unsure, all of them are computed again: a matrix product is cheaper then."""


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices that cut `rows` so that a block of scores against `columns` others holds at most BLOCK_CELLS."""
    step = max(1, BLOCK_CELLS // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def rows_of(matrix: Float32, rows: Rows) -> Float32:
    """Return matrix[rows], not to be written to: the matrix itself where these are all of its rows, in order.

    A copy of a million rows of 512 numbers is 2 GB.
    """
    whole = len(rows) == len(matrix) and np.array_equal(rows, np.arange(len(matrix)))
    return matrix if whole else matrix[rows]


def within(queries: Float32, matrix: Float32, min_score: float) -> NDArray[np.bool_]:
    """Return bool[q, n]: whether the cosine of a query and a row of `matrix` is at least `min_score`.

    queries: float32[q, d]; matrix: float32[n, d]; both L2-normalised. Scores near the threshold are decided in
    float64, with ROUNDING to spare, so that the answer depends neither on blocks nor on threads, and identical rows
    reach 1.0.
    """
    scores = queries @ matrix.T
    near = scores >= min_score
    unsure = np.abs(scores - np.float32(min_score)) < UNSURE
    if np.count_nonzero(unsure) * _MANY_UNSURE > unsure.size:
        exact = queries.astype(np.float64) @ matrix.astype(np.float64).T
        return np.asarray(np.where(unsure, exact >= min_score - ROUNDING, near))
    rows, columns = true_cells(unsure)
    for at in blocks(len(rows), matrix.shape[1]):
        exact = np.einsum("ij,ij->i", queries[rows[at]], matrix[columns[at]], dtype=np.float64)
        near[rows[at], columns[at]] = exact >= min_score - ROUNDING
    return np.asarray(near)


def true_cells(table: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Return rows and columns of what is true in bool[m, n], as np.nonzero does, which is slow where little is."""
    rows, columns = np.divmod(np.flatnonzero(table), max(1, table.shape[1]))
    return rows, columns


def near_each(matrix: Float32, left: Rows, right: Rows, min_score: float) -> NDArray[np.bool_]:
    """Return bool[p]: whether rows left[i], right[i] of float32[n, d] are within `min_score`, as `within` decides."""
    near = np.empty(len(left), dtype=np.bool_)
    for at in blocks(len(left), 16 * matrix.shape[1]):
        one, other = matrix[left[at]], matrix[right[at]]
        scores = np.einsum("ij,ij->i", one, other)
        unsure = np.flatnonzero(np.abs(scores - np.float32(min_score)) < UNSURE)
        exact = np.einsum("ij,ij->i", one[unsure], other[unsure], dtype=np.float64)
        block = scores >= min_score
        block[unsure] = exact >= min_score - ROUNDING
        near[at] = block
    return near
