"""How well kept clips stand for all: measured on the clips themselves, not taken from what a selector expected."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..indexing.near import ROUNDING, blocks
from ..schemas.vector import Float32
from .selectors.base import medoid

Rows = NDArray[np.int64]


def nearest(queries: Float32, matrix: Float32) -> tuple[Rows, Float32]:
    """Return for each query the most similar row, int64[q], and its cosine, float32[q].

    queries: float32[q, d]; matrix: float32[n, d], n >= 1; both L2-normalised.
    """
    rows = np.empty(len(queries), dtype=np.int64)
    scores = np.empty(len(queries), dtype=np.float32)
    for at in blocks(len(queries), len(matrix)):
        cosines = queries[at] @ matrix.T
        rows[at] = cosines.argmax(axis=1)
        scores[at] = np.clip(np.take_along_axis(cosines, rows[at, None], axis=1)[:, 0], -1, 1)
    return rows, scores


def coverage(matrix: Float32, kept: NDArray[np.bool_]) -> float:
    """Return (F(S) - F({medoid})) / (1 - F({medoid})) of the kept rows of float32[n, d] (L2-normalised).

    F(S) = mean_i max_{s in S} cos(i, s): 1 for everything, 0 for the medoid, below 0 for a set that is worse than it.
    Nothing kept of nothing counts as 1, nothing kept of something as 0.
    """
    if not kept.any():
        return 0.0 if len(matrix) else 1.0
    centre = medoid(matrix)
    alone = float((matrix @ matrix[centre]).mean(dtype=np.float64))
    if 1 - alone < ROUNDING:
        return 1.0
    others = matrix[~kept]
    covered = float(kept.sum()) + float(nearest(others, matrix[kept])[1].sum(dtype=np.float64))
    return (covered / len(matrix) - alone) / (1 - alone)
