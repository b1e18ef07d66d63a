"""K-Means, the second way to cluster a space, and how its cost falls with the number of clusters.

The sweep is that of the da-TACOS study of audio embeddings: k from 200 to 8000 in steps of 200, and for each inertia,
silhouette and into how many pieces the clusters cut the works. There the features are standardised and K-Means is
Euclidean; of rows of unit length it is spherical.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...indexing.kmeans import kmeans, spherical_kmeans
from ...progress import Progress, silent
from ...schemas.vector import Float32
from .config import ClusterConfig, Clusters, by_first_row

SILHOUETTE_ROWS = 5000
"""The silhouette compares all rows with all: of more rows than this it is that of a sample of so many."""

BLOCK_ROWS = 1 << 16
"""Rows that are summed up in double precision at once."""

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class SweepRow:
    """K-Means with one number of clusters.

    clusters: how many were asked for; inertia: sum of squared distances of rows to the mean of their cluster (chords,
    where rows are of unit length); silhouette: -1 to 1, on at most SILHOUETTE_ROWS rows; None where it is not defined.
    pairs: distinct pairs of a work and a cluster: as many as works where each is in one cluster, as many as clips where
    no two clips of a work share one; other_pairs: of the clips that had no say in the centres. None: no such clip has a
    work.
    """

    clusters: int
    inertia: float
    silhouette: float | None
    pairs: int | None
    other_pairs: int | None


@dataclass(frozen=True)
class SweepRows:
    """What a sweep clusters: `matrix` float32[n, d] of clips of `works` (n names, "" for none), and others that go to
    the centres found in it; spherical: whether rows are of unit length.
    """

    matrix: Float32
    works: NDArray[np.str_]
    others: Float32
    other_works: NDArray[np.str_]
    spherical: bool = True


def cluster_kmeans(matrix: Float32, config: ClusterConfig) -> Clusters:
    """Return `config.clusters` clusters of float32[n, d] (L2-normalised rows): every row is in one, with probability 1.

    Fewer are possible where rows are equal. Raises UsageError for fewer rows than clusters.
    """
    count, n = config.clusters or 1, len(matrix)
    _check_enough(n, count)
    labels = by_first_row(spherical_kmeans(matrix, count, seed=config.seed))
    return Clusters(labels, np.ones(n, np.float32), np.zeros(n, np.float32), f"k-means faiss, spherical, k={count}")


def kmeans_sweep(
    swept: SweepRows, counts: Iterable[int], seed: int = 0, *, progress: Progress = silent
) -> list[SweepRow]:
    """Return what K-Means comes to for each number of clusters. Raises UsageError for more clusters than rows."""
    asked = sorted(set(counts))
    _check_enough(len(swept.matrix), max(asked, default=1))  # before the first: a sweep takes hours
    rows = []
    for done, count in enumerate(asked, start=1):
        found, other = kmeans(swept.matrix, count, swept.others, seed=seed, spherical=swept.spherical)
        labels = by_first_row(found)
        measured = inertia(swept.matrix, labels), silhouette(swept.matrix, labels, seed)
        pairs = work_pairs(swept.works, found), work_pairs(swept.other_works, other)
        rows.append(SweepRow(count, *measured, *pairs))
        progress("sweep", done, len(asked))
    return rows


def work_pairs(works: NDArray[np.str_], labels: NDArray[np.integer[Any]]) -> int | None:
    """Return how many distinct (work, cluster) pairs n clips make; those without a work ("") do not count; None where
    none has one.
    """
    named = works != ""
    if not named.any():
        return None
    numbers = np.unique(works[named], return_inverse=True)[1]
    return len(np.unique(np.stack([numbers, labels[named]]), axis=1).T)


def _check_enough(rows: int, count: int) -> None:
    if rows < count:
        raise UsageError(f"{rows} vectors cannot make {count} clusters; ask for {rows} at most")


def inertia(matrix: Float32, labels: Labels) -> float:
    """Return the sum of squared distances of float32[n, d] to the mean of each row's cluster (labels int32[n] >= 0)."""
    from scipy.sparse import csr_matrix

    sizes = np.bincount(labels)
    sums, squares = np.zeros((len(sizes), matrix.shape[1])), 0.0
    for first in range(0, len(matrix), BLOCK_ROWS):
        rows, of = matrix[first : first + BLOCK_ROWS].astype(np.float64), labels[first : first + BLOCK_ROWS]
        sums += csr_matrix((np.ones(len(rows)), (of, np.arange(len(rows)))), shape=(len(sizes), len(rows))) @ rows
        squares += float(np.einsum("ij,ij->", rows, rows))
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
