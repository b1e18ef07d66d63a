"""Clusters of a space by HDBSCAN (Campello, Moulavi and Sander, 2013), through the hdbscan library.

Distances are chords, sqrt(2 - 2 cos), that is Euclidean distances of unit vectors. Always exact: the dense way up to
DENSE_MAX vectors, above it a tree-based way that needs little memory and much time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.vector import Float32

NOISE = -1

DENSE_MAX = 16_000
"""Vectors whose distances fit as matrices: about 4.5 GB at this count (3.6 GB and 15 s measured at 14,400 x 256)."""


@dataclass(frozen=True)
class Clusters:
    """Labels and how they were found.

    labels: int32[n], 0 and up in the order of each cluster's first row, NOISE for rows in no cluster; probabilities:
    float32[n], how firmly a row belongs; algorithm: hdbscan's name of the way taken, for the recipe.
    """

    labels: NDArray[np.int32]
    probabilities: Float32
    algorithm: str

    @property
    def count(self) -> int:
        """How many clusters there are, noise not counted."""
        return int(self.labels.max(initial=NOISE)) + 1


def cluster(matrix: Float32, *, min_cluster_size: int = 10, min_samples: int = 5) -> Clusters:
    """Return the HDBSCAN clusters of float32[n, d] (L2-normalised rows).

    min_samples counts neighbours without the point itself, as hdbscan does (scikit-learn's is one more). Fewer rows
    than `min_cluster_size` are all noise. Raises UsageError for sizes that make no sense.
    """
    if min_cluster_size < 2 or min_samples < 1:
        raise UsageError(
            f"min_cluster_size must be at least 2 and min_samples at least 1, not {min_cluster_size} and {min_samples}"
        )
    way = "generic" if len(matrix) <= DENSE_MAX else "boruvka_kdtree"
    algorithm = f"hdbscan {way}, exact"
    if len(matrix) < max(min_cluster_size, 2):
        return Clusters(np.full(len(matrix), NOISE, np.int32), np.zeros(len(matrix), np.float32), algorithm)
    import hdbscan

    found = hdbscan.HDBSCAN(
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        metric="euclidean",
        algorithm=way,
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    ).fit(matrix.astype(np.float64))
    return Clusters(_by_first_row(found.labels_), found.probabilities_.astype(np.float32), algorithm)


def _by_first_row(labels: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return labels renumbered by the first row that carries each; noise stays noise."""
    clustered = np.flatnonzero(labels >= 0)
    values, first = np.unique(labels[clustered], return_index=True)
    renumbered = np.empty(len(values), dtype=np.int32)
    renumbered[np.argsort(first)] = np.arange(len(values))
    result = np.full(len(labels), NOISE, dtype=np.int32)
    result[clustered] = renumbered[np.searchsorted(values, labels[clustered])]
    return result
