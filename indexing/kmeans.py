"""K-Means by FAISS: spherical (of unit rows, with centres of unit length and rows going by cosine), or Euclidean."""

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
    return kmeans(matrix, count, matrix[:0], seed=seed)[0]


def kmeans(
    matrix: Float32, count: int, others: Float32, *, seed: int = 0, spherical: bool = True
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the centre that each row goes to, int64[n] and int64[m]: of float32[n, d] (n >= count), in which the
    centres are found, and of `others` float32[m, d], which have no say in that.

    spherical: of rows of unit length, as `spherical_kmeans`; else of any, by Euclidean distance.
    """
    import faiss

    found = faiss.Kmeans(
        matrix.shape[1],
        count,
        niter=ITERATIONS,
        nredo=STARTS,
        spherical=spherical,
        seed=seed + 1,
        min_points_per_centroid=1,
        max_points_per_centroid=max(ROWS_PER_CENTRE, -(-ROWS_AT_LEAST // count)),
        init_method=faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS,
    )
    matrix = np.ascontiguousarray(matrix)
    found.train(matrix)
    one, other = (found.index.search(np.ascontiguousarray(rows), 1)[1][:, 0] for rows in (matrix, others))
    return np.asarray(one, dtype=np.int64), np.asarray(other, dtype=np.int64)
