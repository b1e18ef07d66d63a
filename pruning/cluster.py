"""Clusters of a space: exact HDBSCAN (Campello, Moulavi and Sander, 2013), an approximate way for millions, K-Means.

Distances are chords, sqrt(2 - 2 cos), that is Euclidean distances of unit vectors.
"""

from __future__ import annotations

from ..errors import UsageError
from ..schemas.vector import Float32
from .clustering.config import NOISE, ClusterConfig, Clusters
from .clustering.spanning import spanning_tree
from .clustering.tree import all_noise, clusters_of

__all__ = ["NOISE", "ClusterConfig", "Clusters", "cluster"]

EXACT = "hdbscan, exact"


def cluster(matrix: Float32, config: ClusterConfig) -> Clusters:
    """Return the clusters of float32[n, d] (L2-normalised rows).

    HDBSCAN calls rows noise that are fewer than `min_cluster_size`.
    """
    if config.algorithm == "kmeans" or config.approximate:
        raise UsageError("K-Means and approximate clusters are not there yet; use exact hdbscan")
    if len(matrix) < config.min_cluster_size:
        return all_noise(len(matrix), EXACT)
    return clusters_of(*spanning_tree(matrix, config.min_samples, seed=config.seed), config, EXACT)
