"""On embeddings of real audio: whole spaces clustered by both ways."""

from __future__ import annotations

from pathlib import Path

import hdbscan
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from echodex.api import Store
from echodex.pruning.clustering import bound
from echodex.pruning.clustering.config import ClusterConfig
from echodex.pruning.clustering.spanning import spanning_tree
from echodex.pruning.clustering.tree import clusters_of
from echodex.schemas.vector import Float32

FILES = 800


@pytest.mark.slow
@pytest.mark.parametrize("name", ["environment", "speech_digits"])
def test_real_spaces_have_the_tree_and_the_clusters_of_the_dense_way(
    name: str, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bound, "FEW_ROWS", 100)
    space = embedded(shared_data / name / "audio", tmp_path)
    distances = cdist(space.astype(np.float64), space.astype(np.float64))
    for min_samples in (5, 10):
        tree = spanning_tree(space, min_samples)
        assert tree[2].sum() == pytest.approx(weight_of(distances, min_samples), rel=1e-5)
        dense = hdbscan.HDBSCAN(min_samples=min_samples, min_cluster_size=10, metric="precomputed", algorithm="generic")
        found = clusters_of(*tree, ClusterConfig(min_samples=min_samples), "exact").labels
        assert adjusted_rand_score(found, dense.fit(distances).labels_) >= 0.999
        assert found.max() >= 1


def embedded(folder: Path, out: Path) -> Float32:
    """The space of a part of a folder."""
    store = Store.open(out / "store")
    store.add(*sorted(folder.iterdir())[:FILES])
    store.embed("timbre")
    return store.vectors(None).matrix


def weight_of(distances: np.ndarray, min_samples: int) -> float:
    """The weight of a minimum spanning tree of mutual reachability, by scipy on all pairs."""
    cores = np.sort(distances, axis=1)[:, min_samples]
    reachability = np.maximum(distances, np.maximum(cores[:, None], cores))
    np.fill_diagonal(reachability, 0)
    return float(minimum_spanning_tree(csr_matrix(reachability)).sum())
