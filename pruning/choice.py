"""The heart of pruning, on arrays alone: collapse duplicates, cluster, select in each cluster, and rank everything.

A rank is given to every clip, so that one choice holds every budget: the first r ranks are what is kept of r clips.
First come the clips that their selectors keep, then those they do not, then noise that the policy prunes, then
duplicates. Within each of these, clusters are interleaved by relative position: a third of the ranks holds about a
third of every cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..indexing.groups.stars import star_groups
from ..schemas.vector import Float32
from .cluster import NOISE, ClusterConfig, Clusters, cluster
from .config import PruneConfig
from .selectors.base import Selection

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_SELECTED, _LEFT, _NOISE_PRUNED, _COPY = range(4)
"""The tiers of a rank, best first."""


@dataclass(frozen=True)
class Choice:
    """What was found out about the n clips of the pruned split.

    duplicate_of: int64[n], the row that stands for a duplicate, itself for all others; labels: int32[n], the cluster
    (a duplicate has its representative's), -1 for noise; rank: int64[n], a permutation; gains: float32[n], NaN where
    no selector gave one; selected: bool[n], kept without a budget; algorithm: how the clusters were found.
    """

    duplicate_of: Rows
    labels: NDArray[np.int32]
    rank: Rows
    gains: Float32
    selected: Mask
    algorithm: str

    @property
    def is_duplicate(self) -> Mask:
        """bool[n]: whether a clip is a duplicate of another."""
        return np.asarray(self.duplicate_of != np.arange(len(self.duplicate_of)))


def choose(matrix: Float32, prefer: Rows, config: PruneConfig) -> Choice:
    """Return the choice for float32[n, d] (L2-normalised, rows sorted by clip id).

    prefer: int64[n], lower for the better original among equal representatives. BLAS runs on one thread here: the
    order in which it sums, and with it the view, must not depend on how many there are.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        duplicate_of = _collapse(matrix, prefer, config.duplicate_score)
        rows = np.flatnonzero(duplicate_of == np.arange(len(matrix)))
        clusters = cluster(
            matrix[rows], ClusterConfig(min_cluster_size=config.min_cluster_size, min_samples=config.min_samples)
        )
        return _rank(matrix, duplicate_of, rows, clusters, config)


def _collapse(matrix: Float32, prefer: Rows, min_score: float) -> Rows:
    """Return int64[n]: the representative of each row's duplicate group, the row itself outside of any."""
    duplicate_of = np.arange(len(matrix))
    if min_score > 0:
        for group in star_groups(matrix, min_score, prefer):
            duplicate_of[group] = group[0]
    return duplicate_of


def _rank(matrix: Float32, duplicate_of: Rows, rows: Rows, clusters: Clusters, config: PruneConfig) -> Choice:
    n = len(matrix)
    labels = np.full(n, NOISE, dtype=np.int32)
    labels[rows] = clusters.labels
    labels = labels[duplicate_of]
    tier, place = np.full(n, _COPY), np.einsum("ij,ij->i", matrix, matrix[duplicate_of]).astype(np.float64)
    gains = np.full(n, np.nan, dtype=np.float32)
    for label in range(NOISE, clusters.count):
        members = rows[clusters.labels == label]
        if not len(members):
            continue
        rng = np.random.default_rng([config.seed, label - NOISE])
        selection = _select(matrix[members], label, rng, config)
        ordered = members[selection.order]
        kept = np.arange(len(ordered)) < selection.kept
        tier[ordered] = np.where(kept, _SELECTED, _NOISE_PRUNED if _by_policy(label, config) else _LEFT)
        place[ordered] = (np.arange(len(ordered)) + 0.5) / len(ordered)
        gains[ordered] = selection.gains
    rank = np.empty(n, dtype=np.int64)
    rank[np.lexsort((np.arange(n), labels, place, tier))] = np.arange(n)
    return Choice(duplicate_of, labels, rank, gains, tier == _SELECTED, clusters.algorithm)


def _by_policy(label: int, config: PruneConfig) -> bool:
    """Whether the noise policy, not the selector, decides about a label."""
    return label == NOISE and config.noise != "cluster"


def _select(vectors: Float32, label: int, rng: np.random.Generator, config: PruneConfig) -> Selection:
    """Return the selector's choice in a cluster; noise is kept or pruned whole, in a random order for budgets."""
    if not _by_policy(label, config):
        return config.build_selector().select(vectors, rng)
    m = len(vectors)
    return Selection(rng.permutation(m), np.full(m, np.nan, dtype=np.float32), m if config.noise == "keep" else 0)
