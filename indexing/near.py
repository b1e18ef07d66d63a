"""Which rows of a matrix are near which: exact, block by block, so that memory stays far below n x n."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32

BLOCK_CELLS = 1 << 24
"""Scores held at once (64 MB as float32)."""

ROUNDING = 1e-6
"""Cosines of unit rows in float32 are off by up to about this much: rows nearer than this to 1 count as identical."""

_UNSURE = 1e-5
"""Scores this near to a threshold are computed again in float64."""


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices that cut `rows` so that a block of scores against `columns` others holds at most BLOCK_CELLS."""
    step = max(1, BLOCK_CELLS // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def within(queries: Float32, matrix: Float32, min_score: float) -> NDArray[np.bool_]:
    """Return bool[q, n]: whether the cosine of a query and a row of `matrix` is at least `min_score`.

    queries: float32[q, d]; matrix: float32[n, d]; both L2-normalised. Scores near the threshold are decided in
    float64, with ROUNDING to spare, so that the answer depends neither on blocks nor on threads, and identical rows
    reach 1.0.
    """
    scores = queries @ matrix.T
    near = scores >= min_score
    rows, columns = np.nonzero(np.abs(scores - np.float32(min_score)) < _UNSURE)
    for at in blocks(len(rows), matrix.shape[1]):
        exact = np.einsum("ij,ij->i", queries[rows[at]], matrix[columns[at]], dtype=np.float64)
        near[rows[at], columns[at]] = exact >= min_score - ROUNDING
    return np.asarray(near)


def count_near(matrix: Float32, min_score: float) -> NDArray[np.int64]:
    """Return int64[n]: how many other rows of float32[n, d] (L2-normalised) are within `min_score` of each row."""
    counts = np.zeros(len(matrix), dtype=np.int64)
    for at in blocks(len(matrix), len(matrix)):
        near = within(matrix[at], matrix[at.start :], min_score)  # the scores are symmetric: half of them is enough
        height = at.stop - at.start
        np.fill_diagonal(near, False)
        counts[at] += near.sum(axis=1)
        counts[at.stop :] += near[:, height:].sum(axis=0)
    return counts
