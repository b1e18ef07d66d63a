"""Which rows of one matrix are nearest to the rows of another: exact, block by block."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..progress import Progress, silent
from ..schemas.vector import Float32

Rows = NDArray[np.int64]

_QUERIES = 4096


def nearest_to(
    queries: Float32, matrix: Float32, k: int, progress: Progress = silent, stage: str = "neighbours"
) -> tuple[Rows, Float32]:
    """Return int64[q, k] and float32[q, k]: the rows of `matrix` with the highest cosine to each query, the highest
    first, and these cosines; k: at most n.

    queries: float32[q, d], matrix: float32[n, d], both L2-normalised. Rows whose cosines differ by less than rounding
    (1e-6) may change places. `progress` counts queries.
    """
    import faiss

    k = min(k, len(matrix))
    ids, cosines = np.empty((len(queries), k), dtype=np.int64), np.empty((len(queries), k), dtype=np.float32)
    for first in range(0, len(queries), _QUERIES):
        at = slice(first, min(first + _QUERIES, len(queries)))
        cosines[at], ids[at] = faiss.knn(queries[at], matrix, k, metric=faiss.METRIC_INNER_PRODUCT)
        progress(stage, at.stop, len(queries))
    return ids, cosines
