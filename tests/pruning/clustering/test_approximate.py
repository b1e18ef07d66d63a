from __future__ import annotations

from collections.abc import Callable

import hdbscan
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from echodex.pruning.cluster import cluster
from echodex.pruning.clustering.approximate import APPROXIMATE, measured_agreement
from echodex.pruning.clustering.config import NOISE, ClusterConfig

Matrix = NDArray[np.float32]
Blobs = Callable[..., Matrix]


@pytest.mark.parametrize("seed", range(2))
def test_agrees_with_dense_hdbscan_and_says_that_it_is_approximate(blobs: Blobs, seed: int) -> None:
    matrix = blobs(20, 80, noise=150, spread=0.6, seed=seed)
    found = cluster(matrix, ClusterConfig(approximate=True))
    dense = hdbscan.HDBSCAN(min_cluster_size=10, min_samples=5, algorithm="generic").fit(matrix.astype(np.float64))
    ari = adjusted_rand_score(dense.labels_, found.labels)
    assert ari >= 0.98
    assert "approximate" in found.algorithm
    assert found.agreement == pytest.approx(ari, abs=0.02), "all rows are in the sample"


def test_agreement_is_measured_on_a_sample_of_the_rows(blobs: Blobs) -> None:
    matrix = blobs(8, 100, noise=200)
    one = measured_agreement(matrix, ClusterConfig(seed=3), rows=300)
    assert 0.9 < one <= 1.0
    assert one == measured_agreement(matrix, ClusterConfig(seed=3), rows=300)


def test_fewer_rows_than_a_cluster_are_noise() -> None:
    found = cluster(np.eye(9, dtype=np.float32), ClusterConfig(approximate=True))
    assert found.labels.tolist() == [NOISE] * 9
    assert (found.algorithm, found.agreement) == (APPROXIMATE, None)
