"""Clusters of a space: exact HDBSCAN (Campello, Moulavi and Sander, 2013), an approximate way for millions, K-Means.

Distances are chords, sqrt(2 - 2 cos), that is Euclidean distances of unit vectors.
"""

from __future__ import annotations

import logging

from ..progress import Progress, silent
from ..schemas.vector import Float32
from ..store.shards import Workers
from .clustering.approximate import cluster_approximate
from .clustering.config import NOISE, ClusterConfig, Clusters
from .clustering.kmeans import cluster_kmeans
from .clustering.spanning import spanning_tree
from .clustering.tree import all_noise, clusters_of

__all__ = ["NOISE", "ClusterConfig", "Clusters", "cluster", "slow_exact"]

EXACT = "hdbscan, exact"

SLOW_ROWS = 300_000
"""Above so many rows the exact way says how long it takes: five minutes at 512 dimensions, four times that for twice as
many.
"""

RATE = 150e9
"""Floating-point operations a second of the one pass over half of all pairs, n^2 d in all: measured on two cores."""

logger = logging.getLogger(__name__)


def cluster(
    matrix: Float32, config: ClusterConfig, progress: Progress = silent, workers: Workers | None = None
) -> Clusters:
    """Return the clusters of float32[n, d] (L2-normalised rows).

    HDBSCAN calls rows noise that are fewer than `min_cluster_size`. progress: hears of the search for its tree; K-Means
    says nothing. What takes long is logged as a warning before it begins. workers: who compares, for exact HDBSCAN all
    pairs, for approximate HDBSCAN those of its graph; None for this process, which K-Means is always done by.
    """
    slow = slow_exact(len(matrix), matrix.shape[1], config)
    if slow:
        logger.warning(slow)
    if config.algorithm == "kmeans":
        return cluster_kmeans(matrix, config)
    if config.approximate:
        return cluster_approximate(matrix, config, progress, workers)
    if len(matrix) < config.min_cluster_size:
        return all_noise(len(matrix), EXACT)
    tree = spanning_tree(matrix, config.min_samples, seed=config.seed, progress=progress, workers=workers)
    return clusters_of(*tree, config, EXACT)


def slow_exact(rows: int, dim: int, config: ClusterConfig) -> str | None:
    """Return what to say before that many rows (no two of them equal) are clustered exactly, None where that is soon
    done: an estimate from n^2 d operations at RATE.
    """
    if config.algorithm != "hdbscan" or config.approximate or rows <= SLOW_ROWS:
        return None
    minutes = rows**2 * dim / RATE / 60
    return (
        f"exact clustering compares each of {rows:,} clips with each, which takes about {minutes:.0f} minutes at "
        f"{RATE / 1e9:.0f} GFLOP/s; --approximate takes a fraction of that"
    )
