from __future__ import annotations

from collections.abc import Callable

import hdbscan
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from echodex.indexing.neighbours import graph_search
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
    assert found.algorithm == "hdbscan, approximate, graph of recall 1.0000"
    assert found.agreement == pytest.approx(ari, abs=0.02), "all rows are in the sample"


def test_the_recall_of_the_graph_is_named_and_the_sample_has_no_better_lists(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a large set, whose lists come from cells."""
    monkeypatch.setattr(graph_search, "SMALL_ROWS", 500)
    matrix = blobs(60, 40, noise=600, d=16, spread=0.5)
    graph = graph_search.graph_of(matrix, 15, recall=0.99)
    assert 0.9 < graph.recall < 1
    found = cluster(matrix, ClusterConfig(approximate=True))
    assert found.algorithm == f"{APPROXIMATE}, graph of recall {graph.recall:.4f}"
    assert found.agreement == measured_agreement(matrix, ClusterConfig(), graph.recall)


def test_poorer_lists_agree_less(blobs: Blobs) -> None:
    matrix = blobs(60, 30, noise=600, d=16, spread=0.5)
    config = ClusterConfig()
    assert measured_agreement(matrix, config, 0.3) < measured_agreement(matrix, config, 0.999) <= 1


def test_agreement_is_measured_on_a_sample_of_the_rows(blobs: Blobs) -> None:
    matrix = blobs(8, 100, noise=200)
    one = measured_agreement(matrix, ClusterConfig(seed=3), rows=300)
    assert 0.9 < one <= 1
    assert one == measured_agreement(matrix, ClusterConfig(seed=3), rows=300)


def test_fewer_rows_than_a_cluster_are_noise() -> None:
    found = cluster(np.eye(9, dtype=np.float32), ClusterConfig(approximate=True))
    assert found.labels.tolist() == [NOISE] * 9
    assert (found.algorithm, found.agreement) == (APPROXIMATE, None)
