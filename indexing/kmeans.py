"""K-Means of unit rows by FAISS: spherical, that is with centres of unit length and rows going by cosine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32

ITERATIONS = 25
STARTS = 3
"""The best of so many, by the sum of cosines; k-means++ chooses where each begins."""

ROWS_PER_CENTRE = 256
ROWS_AT_LEAST = 50_000
"""The centres are found from this many rows, drawn by the seed, where there are more; every row is then assigned."""


def spherical_kmeans(matrix: Float32, count: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Return the centre int64[n] that each row of float32[n, d] (L2-normalised, n >= count) goes to, 0 to count - 1.

    The same rows and seed give the same. A centre to which no row goes is possible. Time O(n count d).
    Source: Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", 2001.
    """
    import faiss

    kmeans = faiss.Kmeans(
        matrix.shape[1],
        count,
        niter=ITERATIONS,
        nredo=STARTS,
        spherical=True,
        seed=seed + 1,
        min_points_per_centroid=1,
        max_points_per_centroid=max(ROWS_PER_CENTRE, -(-ROWS_AT_LEAST // count)),
        init_method=faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS,
    )
    matrix = np.ascontiguousarray(matrix)
    kmeans.train(matrix)
    return np.asarray(kmeans.index.search(matrix, 1)[1][:, 0], dtype=np.int64)
