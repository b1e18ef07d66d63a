"""HDBSCAN of large sets, approximate, with its agreement with the exact one measured on a sample."""

from __future__ import annotations

import numpy as np

from ...indexing.identical import Classes
from ...progress import Progress, silent
from ...schemas.vector import Float32
from .config import ClusterConfig, Clusters
from .joining import approximate_tree
from .prim import prim
from .spanning import Edges, spanning_tree
from .tree import all_noise, clusters_of

APPROXIMATE = "hdbscan, approximate"

SAMPLE_ROWS = 5000
"""Rows that are clustered both ways, so that what is reported was measured on these very data."""


def cluster_approximate(matrix: Float32, config: ClusterConfig, progress: Progress = silent) -> Clusters:
    """Return HDBSCAN clusters of float32[n, d] (L2-normalised rows) from an approximate spanning tree (joining.py).

    agreement: the adjusted Rand index of approximate and exact labels, noise as one more label, of the same at most
    SAMPLE_ROWS rows drawn by the seed. On so few the kNN lists are exact: it says what the joining does, and how far
    labels on such data move with small changes of a tree, not what lists of recall 0.99 add.
    """
    n = len(matrix)
    if n < max(config.min_cluster_size, 2):
        return all_noise(n, APPROXIMATE)
    tree = nearly_spanning_tree(matrix, config.min_samples, seed=config.seed, progress=progress)
    agreement = measured_agreement(matrix, config)
    found = clusters_of(*tree, config, APPROXIMATE)
    return Clusters(found.labels, found.probabilities, found.outlier_scores, APPROXIMATE, agreement)


def nearly_spanning_tree(matrix: Float32, min_samples: int, *, seed: int = 0, progress: Progress = silent) -> Edges:
    """Return the edges of the approximate tree of float32[n, d] in the order in which the exact one has its own, so
    that where the trees are equal the labels are.
    """
    n = len(matrix)
    alone = Classes(np.arange(n), np.arange(n), np.arange(n + 1))
    return prim(*approximate_tree(matrix, min_samples, seed=seed, progress=progress), np.zeros(n), alone)


def measured_agreement(matrix: Float32, config: ClusterConfig, rows: int = SAMPLE_ROWS) -> float:
    """Return the adjusted Rand index of exact and approximate labels of `rows` rows (or all) of float32[n, d]."""
    from sklearn.metrics import adjusted_rand_score

    random = np.random.default_rng(config.seed)
    sample = matrix[np.sort(random.choice(len(matrix), min(rows, len(matrix)), replace=False))]
    exact, approximate = (
        clusters_of(*find(sample, config.min_samples, seed=config.seed), config, "").labels
        for find in (spanning_tree, nearly_spanning_tree)
    )
    return float(adjusted_rand_score(exact, approximate))
