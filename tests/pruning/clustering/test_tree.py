from __future__ import annotations

import hdbscan
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from echodex.pruning.clustering.config import NOISE, ClusterConfig
from echodex.pruning.clustering.spanning import spanning_tree
from echodex.pruning.clustering.tree import clusters_of
from echodex.schemas.vector import Float32

SETTINGS = (
    ClusterConfig(),
    ClusterConfig(min_cluster_size=5, min_samples=1),
    ClusterConfig(min_cluster_size=25, min_samples=10, method="leaf"),
    ClusterConfig(min_samples=10, epsilon=0.4),
    ClusterConfig(min_cluster_size=40, allow_single_cluster=True),
)


def dense(matrix: Float32, config: ClusterConfig) -> hdbscan.HDBSCAN:
    return hdbscan.HDBSCAN(
        min_cluster_size=config.min_cluster_size,
        min_samples=config.min_samples,
        cluster_selection_method=config.method,
        cluster_selection_epsilon=config.epsilon,
        allow_single_cluster=config.allow_single_cluster,
        metric="precomputed",  # its own Euclidean distances are from products, whose rounding undoes ties
        algorithm="generic",
    ).fit(cdist(matrix.astype(np.float64), matrix.astype(np.float64)))


def check(matrix: Float32, config: ClusterConfig) -> None:
    found = clusters_of(*spanning_tree(matrix, config.min_samples), config, "exact")
    reference = dense(matrix, config)
    assert adjusted_rand_score(found.labels, reference.labels_) >= 0.999
    assert ((found.labels == NOISE) != (reference.labels_ == NOISE)).mean() <= 0.001
    assert np.abs(found.probabilities - reference.probabilities_).mean() < 1e-3
    assert np.abs(found.outlier_scores - reference.outlier_scores_).mean() < 1e-3


@pytest.mark.parametrize("number", range(6))
def test_finds_what_the_dense_way_finds(number: int, uneven: list[Float32]) -> None:
    check(uneven[number], SETTINGS[number % len(SETTINGS)])


@pytest.mark.slow
@pytest.mark.parametrize("number", range(30))
def test_finds_what_the_dense_way_finds_whatever_is_asked(number: int, uneven: list[Float32]) -> None:
    for config in SETTINGS:
        check(uneven[number], config)
