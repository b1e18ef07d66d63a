from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from echodex.errors import UsageError
from echodex.indexing.kmeans import kmeans as faiss_kmeans
from echodex.pruning.clustering import kmeans
from echodex.pruning.clustering.config import ClusterConfig, Clusters
from echodex.pruning.clustering.kmeans import (
    SweepRows,
    cluster_kmeans,
    inertia,
    kmeans_sweep,
    silhouette,
    work_pairs,
)

Matrix = NDArray[np.float32]
Blobs = Callable[..., Matrix]


def found(matrix: Matrix, count: int, seed: int = 0) -> Clusters:
    return cluster_kmeans(matrix, ClusterConfig(algorithm="kmeans", clusters=count, seed=seed))


def test_finds_what_scikit_learn_finds_where_clusters_are_apart(blobs: Blobs) -> None:
    matrix = blobs(6, 50, spread=0.2)
    ours, reference = found(matrix, 6), KMeans(6, n_init=10, random_state=0).fit(matrix)
    assert adjusted_rand_score(ours.labels, reference.labels_) == 1.0
    assert inertia(matrix, ours.labels) == pytest.approx(reference.inertia_, rel=1e-4)


@pytest.mark.parametrize("count", [5, 20, 60])
def test_inertia_is_within_a_few_per_cent_of_scikit_learn(blobs: Blobs, count: int) -> None:
    matrix = blobs(20, 60, noise=300, d=32, spread=0.8)
    reference = KMeans(count, n_init=10, random_state=0).fit(matrix)
    assert inertia(matrix, reference.labels_) == pytest.approx(reference.inertia_, rel=1e-4)
    assert inertia(matrix, found(matrix, count).labels) < 1.03 * reference.inertia_


def test_inertia_is_summed_up_in_parts(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = blobs(5, 40)
    labels = found(matrix, 5).labels
    whole = inertia(matrix, labels)
    monkeypatch.setattr(kmeans, "BLOCK_ROWS", 7)
    assert inertia(matrix, labels) == pytest.approx(whole, rel=1e-9)


def test_silhouette_is_scikit_learns_on_the_same_labels(blobs: Blobs) -> None:
    matrix = blobs(5, 40, noise=40)
    labels = found(matrix, 7).labels
    assert silhouette(matrix, labels) == pytest.approx(silhouette_score(matrix.astype(np.float64), labels), abs=1e-5)


def test_silhouette_of_many_rows_is_that_of_a_sample(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = blobs(5, 200, spread=0.5)
    labels = found(matrix, 5).labels
    whole = silhouette(matrix, labels)
    monkeypatch.setattr(kmeans, "SILHOUETTE_ROWS", 300)
    sampled = silhouette(matrix, labels, seed=1)
    assert sampled == silhouette(matrix, labels, seed=1) != whole
    assert sampled == pytest.approx(whole, abs=0.05)


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [0, 1, 2, 3]])
def test_silhouette_that_is_not_defined_is_none(labels: list[int]) -> None:
    assert silhouette(np.eye(4, dtype=np.float32), np.array(labels, np.int32)) is None


def test_every_row_is_in_a_cluster_for_sure_and_seeds_repeat(blobs: Blobs) -> None:
    matrix = blobs(8, 30, noise=60)
    one, again = found(matrix, 10, seed=4), found(matrix, 10, seed=4)
    assert (one.labels == again.labels).all()
    assert one.labels.min() == 0
    assert (one.probabilities == 1).all()
    assert (one.count, one.algorithm) == (10, "k-means faiss, spherical, k=10")
    first_rows = [int(np.argmax(one.labels == label)) for label in range(one.count)]
    assert first_rows == sorted(first_rows)


def test_more_clusters_than_rows_cannot_be() -> None:
    with pytest.raises(UsageError, match="4 vectors cannot make 5 clusters"):
        found(np.eye(4, dtype=np.float32), 5)


def test_the_sweep_has_a_row_for_each_number(blobs: Blobs) -> None:
    matrix = blobs(5, 40, spread=0.2)
    none = np.array([""] * len(matrix))
    rows = kmeans_sweep(SweepRows(matrix, none, matrix[:0], none[:0]), [10, 5, 2, 5])
    assert {(row.pairs, row.other_pairs) for row in rows} == {(None, None)}
    assert [row.clusters for row in rows] == [2, 5, 10]
    assert rows[0].inertia > rows[1].inertia > rows[2].inertia
    assert max(rows, key=lambda row: row.silhouette or -1).clusters == 5


def test_a_sweep_that_cannot_end_does_not_begin(blobs: Blobs) -> None:
    matrix = blobs(5, 4)
    none = np.array([""] * 20)
    heard: list[tuple[object, ...]] = []
    with pytest.raises(UsageError, match="20 vectors cannot make 21 clusters"):
        kmeans_sweep(
            SweepRows(matrix, none, matrix[:0], none[:0]), [2, 21, 4], progress=lambda *step: heard.append(step)
        )
    assert heard == []


def test_others_go_to_the_nearest_centre_and_have_no_say(blobs: Blobs) -> None:
    matrix, others = blobs(4, 30, spread=0.1), blobs(4, 30, spread=0.1)
    found, other = faiss_kmeans(matrix, 4, others, spherical=False)
    alone, _ = faiss_kmeans(matrix, 4, others[:0], spherical=False)
    assert (found == alone).all()
    centres = np.stack([matrix[found == label].mean(axis=0) for label in range(4)])
    nearest = np.linalg.norm(others[:, None] - centres[None], axis=2).argmin(axis=1)
    assert (other == nearest).all()


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(0, 5)), min_size=1))
def test_pairs_are_counted_as_a_set_counts_them(rows: list[tuple[str, int]]) -> None:
    works, labels = np.array([work for work, _ in rows]), np.array([label for _, label in rows])
    assert work_pairs(works, labels) == (len({row for row in rows if row[0]}) or None)


def test_equal_rows_make_fewer_clusters() -> None:
    matrix = np.tile(np.eye(2, 4, dtype=np.float32), (10, 1))
    assert found(matrix, 5).count == 2
