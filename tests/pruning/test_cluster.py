from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from echodex.errors import UsageError
from echodex.pruning.cluster import NOISE, ClusterConfig, cluster

Matrix = NDArray[np.float32]
Blobs = Callable[..., Matrix]


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_scikit_learn_which_counts_the_point_itself(blobs: Blobs, seed: int) -> None:
    matrix = blobs(6, 30, noise=40, seed=seed)
    found = cluster(matrix, ClusterConfig(min_cluster_size=10, min_samples=5))
    reference = HDBSCAN(min_cluster_size=10, min_samples=6, copy=True).fit(matrix.astype(np.float64))
    assert found.count == 6
    assert adjusted_rand_score(found.labels, reference.labels_) == pytest.approx(1.0)
    assert found.probabilities == pytest.approx(reference.probabilities_, abs=1e-4)


def test_labels_count_up_in_the_order_of_first_rows(blobs: Blobs) -> None:
    labels = cluster(blobs(5, 20, noise=20), ClusterConfig(min_cluster_size=8)).labels
    first_rows = [int(np.argmax(labels == label)) for label in range(labels.max() + 1)]
    assert len(first_rows) == 5
    assert first_rows == sorted(first_rows)


@pytest.mark.parametrize("n", [0, 1, 2, 9])
def test_fewer_rows_than_a_cluster_are_noise(n: int) -> None:
    found = cluster(np.eye(max(n, 1), 16, dtype=np.float32)[:n], ClusterConfig())
    assert found.labels.tolist() == [NOISE] * n
    assert found.count == 0


def test_identical_rows_are_one_lump_without_clusters() -> None:
    assert set(cluster(np.full((30, 4), 0.5, np.float32), ClusterConfig()).labels.tolist()) == {NOISE}


def test_the_recipe_says_exact(blobs: Blobs) -> None:
    found = cluster(blobs(3, 20), ClusterConfig())
    assert (found.algorithm, found.agreement) == ("hdbscan, exact", None)


@pytest.mark.parametrize("sizes", [(1, 5), (10, 0)])
def test_sizes_must_make_sense(sizes: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="min_cluster_size"):
        ClusterConfig(min_cluster_size=sizes[0], min_samples=sizes[1])


@pytest.mark.parametrize("approximate", [False, True])
def test_says_how_far_it_is(blobs: Blobs, approximate: bool) -> None:
    steps: list[tuple[str, int, int | None]] = []
    cluster(blobs(6, 500), ClusterConfig(approximate=approximate), lambda *step: steps.append(step))
    last = {stage: (done, total) for stage, done, total in steps}
    assert last["joining" if approximate else "comparing"] == ((2999, 2999) if approximate else (3000, 3000))
