"""HDBSCAN of large sets, approximate, with its agreement with the exact one measured on a sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...indexing.identical import Classes
from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.shards import Workers
from .config import ClusterConfig, Clusters
from .joining import Lists, approximate_tree, near_lists
from .poorer import poorer_lists
from .prim import prim
from .spanning import Edges, spanning_tree
from .tree import all_noise, clusters_of

APPROXIMATE = "hdbscan, approximate"

SAMPLE_ROWS = 5000
"""Rows that are clustered both ways, so that what is reported was measured on these very data."""


def cluster_approximate(
    matrix: Float32, config: ClusterConfig, progress: Progress = silent, workers: Workers | None = None
) -> Clusters:
    """Return HDBSCAN clusters of float32[n, d] (L2-normalised rows) from an approximate spanning tree (joining.py).

    algorithm: names the recall of the kNN graph, as it was measured. agreement: see `measured_agreement`. workers: who
    finds the graph, None for this process.
    """
    n = len(matrix)
    if n < max(config.min_cluster_size, 2):
        return all_noise(n, APPROXIMATE)
    matrix = np.ascontiguousarray(matrix)
    lists = near_lists(matrix, config.min_samples, seed=config.seed, progress=progress, workers=workers)
    tree = nearly_spanning_tree(matrix, config.min_samples, seed=config.seed, lists=lists, progress=progress)
    agreement = measured_agreement(matrix, config, lists.recall)
    found = clusters_of(*tree, config, f"{APPROXIMATE}, graph of recall {lists.recall:.4f}")
    return replace(found, agreement=agreement)


def nearly_spanning_tree(
    matrix: Float32, min_samples: int, *, seed: int = 0, lists: Lists | None = None, progress: Progress = silent
) -> Edges:
    """Return the edges of the approximate tree of float32[n, d] in the order in which the exact one has its own, so
    that where the trees are equal the labels are. lists: None to find them here.
    """
    n = len(matrix)
    alone = Classes(np.arange(n), np.arange(n), np.arange(n + 1))
    tree = approximate_tree(matrix, min_samples, seed=seed, lists=lists, progress=progress)
    return prim(*tree, np.zeros(n), alone)


def measured_agreement(matrix: Float32, config: ClusterConfig, recall: float = 1.0, rows: int = SAMPLE_ROWS) -> float:
    """Return the adjusted Rand index of exact and approximate labels, noise as one more label, of the same `rows` rows
    (or all) of float32[n, d], drawn by the seed.

    recall: of the lists of all rows. So few rows would have exact ones: they get lists that are no better (poorer.py),
    so that what is measured is what misses in the lists do to labels, as well as what the joining does.
    """
    from sklearn.metrics import adjusted_rand_score

    random = np.random.default_rng(config.seed)
    sample = matrix[np.sort(random.choice(len(matrix), min(rows, len(matrix)), replace=False))]
    lists = poorer_lists(sample, config.min_samples, recall, seed=config.seed) if recall < 1 else None
    exact = spanning_tree(sample, config.min_samples, seed=config.seed)
    approximate = nearly_spanning_tree(sample, config.min_samples, seed=config.seed, lists=lists)
    labels = (clusters_of(*tree, config, "").labels for tree in (exact, approximate))
    return float(adjusted_rand_score(*labels))
