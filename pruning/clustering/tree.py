"""Clusters from a minimum spanning tree of mutual reachability, by the hdbscan library.

The tree goes in as a sparse matrix of distances, of which the library finds the minimum spanning tree, that is, the
same again. With min_samples = 1 its core distances are the weight of each row's lightest edge, which raises no edge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import NOISE, ClusterConfig, Clusters, by_first_row

Rows = NDArray[np.int64]
Weights = NDArray[np.float64]

LEAST = 1e-12
"""An edge between equal rows weighs this: zeros are no edges in a sparse matrix."""


def clusters_of(low: Rows, high: Rows, weights: Weights, config: ClusterConfig, algorithm: str) -> Clusters:
    """Return the clusters of n >= 2 rows from the n - 1 edges of a spanning tree: int64, int64, mutual reachability.

    algorithm: how the tree was found, for the recipe.
    """
    found = condensed(low, high, weights, config)
    return Clusters(
        by_first_row(found.labels_),
        found.probabilities_.astype(np.float32),
        found.outlier_scores_.astype(np.float32),
        algorithm,
    )


def condensed(low: Rows, high: Rows, weights: Weights, config: ClusterConfig) -> Any:
    """Return the fitted hdbscan.HDBSCAN of a spanning tree; its `condensed_tree_` is what a plot shows."""
    weights = np.maximum(weights, LEAST)
    found = _fitted(low, high, _in_order(weights), config)
    if config.allow_single_cluster and found.labels_.max() == 0:  # which is cut where its last rows join: at a tie
        found = _fitted(low, high, weights, config)
    return found


def _fitted(low: Rows, high: Rows, weights: Weights, config: ClusterConfig) -> Any:
    import hdbscan
    from scipy.sparse import csr_matrix

    n = len(weights) + 1
    ends = np.concatenate([low, high]), np.concatenate([high, low])
    return hdbscan.HDBSCAN(
        metric="precomputed",
        min_cluster_size=config.min_cluster_size,
        min_samples=1,
        cluster_selection_method=config.method,
        cluster_selection_epsilon=config.epsilon,
        allow_single_cluster=config.allow_single_cluster,
        core_dist_n_jobs=1,
    ).fit(csr_matrix((np.tile(weights, 2), ends), shape=(n, n)))


def _in_order(weights: Weights) -> Weights:
    """Return the weights with ties undone in the last bits, so that any sort puts them in the same order.

    It is the order that np.argsort gives, which hdbscan's dense way uses. That is not stable, and NumPy sorts in other
    ways on other processors: where edges tie, the clusters of one machine may differ from those of another.
    """
    order = np.argsort(weights)
    bits = weights[order].view(np.int64)  # of positive numbers: in the order of the numbers
    steps = np.arange(len(bits))
    distinct = np.empty_like(weights)
    distinct[order] = (np.maximum.accumulate(bits - steps) + steps).view(np.float64)
    return distinct


def all_noise(n: int, algorithm: str) -> Clusters:
    """Return n rows of which none is in a cluster, as of too few rows."""
    return Clusters(np.full(n, NOISE, np.int32), np.zeros(n, np.float32), np.zeros(n, np.float32), algorithm)
