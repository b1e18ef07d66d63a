"""Clusters of a space: exact HDBSCAN (Campello, Moulavi and Sander, 2013), an approximate way for millions, K-Means.

Distances are chords, sqrt(2 - 2 cos), that is Euclidean distances of unit vectors.
"""

from __future__ import annotations

from ..progress import Progress, silent
from ..schemas.vector import Float32
from .clustering.approximate import cluster_approximate
from .clustering.config import NOISE, ClusterConfig, Clusters
from .clustering.kmeans import cluster_kmeans
from .clustering.spanning import spanning_tree
from .clustering.tree import all_noise, clusters_of

__all__ = ["NOISE", "ClusterConfig", "Clusters", "cluster"]

EXACT = "hdbscan, exact"


def cluster(matrix: Float32, config: ClusterConfig, progress: Progress = silent) -> Clusters:
    """Return the clusters of float32[n, d] (L2-normalised rows).

    HDBSCAN calls rows noise that are fewer than `min_cluster_size`. progress: hears of the search for its tree; K-Means
    says nothing.
    """
    if config.algorithm == "kmeans":
        return cluster_kmeans(matrix, config)
    if config.approximate:
        return cluster_approximate(matrix, config, progress)
    if len(matrix) < config.min_cluster_size:
        return all_noise(len(matrix), EXACT)
    tree = spanning_tree(matrix, config.min_samples, seed=config.seed, progress=progress)
    return clusters_of(*tree, config, EXACT)
