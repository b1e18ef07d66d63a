"""K-Means, the second way to cluster a space, and how its cost falls with the number of clusters.

The sweep is that of the da-TACOS study of audio embeddings: k from 200 to 8000 in steps of 200, inertia and silhouette
for each. There the features were standardised and k-means Euclidean; here rows are of unit length and it is spherical.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...indexing.kmeans import spherical_kmeans
from ...progress import Progress, silent
from ...schemas.vector import Float32
from .config import ClusterConfig, Clusters, by_first_row

SILHOUETTE_ROWS = 5000
"""The silhouette compares all rows with all: of more rows than this it is that of a sample of so many."""

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class SweepRow:
    """K-Means with one number of clusters.

    clusters: how many were asked for; inertia: sum of squared chords of rows to the mean of their cluster; silhouette:
    -1 to 1, on at most SILHOUETTE_ROWS rows; None where it is not defined.
    """

    clusters: int
    inertia: float
    silhouette: float | None


def cluster_kmeans(matrix: Float32, config: ClusterConfig) -> Clusters:
    """Return `config.clusters` clusters of float32[n, d] (L2-normalised rows): every row is in one, with probability 1.

    Fewer are possible where rows are equal. Raises UsageError for fewer rows than clusters.
    """
    count, n = config.clusters or 1, len(matrix)
    if n < count:
        raise UsageError(f"{n} vectors cannot make {count} clusters; ask for {n} at most")
    labels = by_first_row(spherical_kmeans(matrix, count, seed=config.seed))
    return Clusters(labels, np.ones(n, np.float32), np.zeros(n, np.float32), f"k-means faiss, spherical, k={count}")


def kmeans_sweep(
    matrix: Float32, counts: Iterable[int], seed: int = 0, *, progress: Progress = silent
) -> list[SweepRow]:
    """Return inertia and silhouette of K-Means of float32[n, d] (L2-normalised rows) for each number of clusters."""
    asked = sorted(set(counts))
    rows = []
    for done, count in enumerate(asked, start=1):
        labels = cluster_kmeans(matrix, ClusterConfig(algorithm="kmeans", clusters=count, seed=seed)).labels
        rows.append(SweepRow(count, inertia(matrix, labels), silhouette(matrix, labels, seed)))
        progress("sweep", done, len(asked))
    return rows


def inertia(matrix: Float32, labels: Labels) -> float:
    """Return the sum of squared distances of float32[n, d] to the mean of each row's cluster (labels int32[n] >= 0)."""
    from scipy.sparse import csr_matrix

    n = len(matrix)
    sizes = np.bincount(labels)
    member = csr_matrix((np.ones(n), (labels, np.arange(n))), shape=(len(sizes), n))
    sums = np.asarray(member @ matrix.astype(np.float64))
    squares = np.einsum("ij,ij->", matrix, matrix, dtype=np.float64)
    return float(squares - (np.einsum("cd,cd->c", sums, sums) / np.maximum(sizes, 1)).sum())


def silhouette(matrix: Float32, labels: Labels, seed: int = 0) -> float | None:
    """Return the mean silhouette (Rousseeuw, 1987) by chord, of a sample where there are more than SILHOUETTE_ROWS.

    None where it is not defined: one cluster, or as many as rows.
    """
    from sklearn.metrics import silhouette_score

    rows = np.arange(len(labels))
    if len(rows) > SILHOUETTE_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), SILHOUETTE_ROWS, replace=False))
    if not 2 <= len(np.unique(labels[rows])) < len(rows):
        return None
    return float(silhouette_score(matrix[rows], labels[rows]))
