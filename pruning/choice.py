"""The heart of pruning, on arrays alone: collapse duplicates, cluster, select in each cluster, and rank everything.

A rank is given to every clip, so that one choice holds every budget: the first r ranks are what is kept of r clips.
First come pinned clips, then those that a label cannot do without, then the clips that their selectors keep, then those
they do not, then noise that the policy prunes, then duplicates. Within each of these, clusters are interleaved by
relative position: a third of the ranks holds about a third of every cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..indexing.groups.stars import star_groups
from ..indexing.near import ROUNDING
from ..progress import Progress, silent
from ..schemas.vector import Float32
from .cluster import NOISE, Clusters, cluster
from .config import PruneConfig
from .coverage import nearest
from .selectors.base import Selection
from .selectors.random import Random
from .wishes import Wishes, no_wishes

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_PINNED, _SELECTED, _LEFT, _NOISE_PRUNED, _COPY = range(5)
"""The tiers of a rank, best first."""


@dataclass(frozen=True)
class Choice:
    """What was found out about the n clips of the pruned split.

    duplicate_of: int64[n], the row that stands for a duplicate, itself for all others; labels: int32[n], the cluster
    (a duplicate has its representative's), -1 for noise; rank: int64[n], a permutation; gains: float32[n], NaN where
    no selector gave one; selected: bool[n], kept without a budget; for_label: bool[n], kept for its label's sake
    alone; required: how many of the first ranks are kept whatever the budget; algorithm: how the clusters were found;
    agreement: of approximate clusters with exact ones, None where they are exact.
    """

    duplicate_of: Rows
    labels: NDArray[np.int32]
    rank: Rows
    gains: Float32
    selected: Mask
    for_label: Mask
    required: int
    algorithm: str
    agreement: float | None

    @property
    def is_duplicate(self) -> Mask:
        """bool[n]: whether a clip is a duplicate of another."""
        return np.asarray(self.duplicate_of != np.arange(len(self.duplicate_of)))


@dataclass(frozen=True)
class _Order:
    """Of n clips: tier int64[n], the place in its cluster or its score as a copy float64[n], gains float32[n]."""

    tier: Rows
    place: NDArray[np.float64]
    gains: Float32


def choose(
    matrix: Float32, prefer: Rows, config: PruneConfig, wishes: Wishes | None = None, *, progress: Progress = silent
) -> Choice:
    """Return the choice for float32[n, d] (L2-normalised, rows sorted by clip id).

    prefer: int64[n], lower for the better original among equal representatives; wishes: None for none at all; progress:
    hears of "duplicates", of the clustering, and of "selecting" by the clusters done.

    BLAS runs on one thread here: the order in which it sums, and with it the view, must not depend on how many there
    are.
    """
    wishes = wishes or no_wishes(len(matrix))
    with threadpool_limits(limits=1, user_api="blas"):
        progress("duplicates", 0, None)
        duplicate_of = _collapse(matrix, prefer, wishes.pinned, config.duplicate_score)
        rows = np.flatnonzero(duplicate_of == np.arange(len(matrix)))
        clusters = cluster(matrix[rows], config, progress)
        labels = np.full(len(matrix), NOISE, dtype=np.int32)
        labels[rows] = clusters.labels
        labels = labels[duplicate_of]
        order = _order(matrix, duplicate_of, labels, wishes, config, progress)
    return _rank(order, duplicate_of, labels, wishes, config, clusters)


def _collapse(matrix: Float32, prefer: Rows, pinned: Mask, min_score: float) -> Rows:
    """Return int64[n]: the representative of each row's duplicate group, the row itself outside of any.

    A pinned row stands for itself and takes what is near it, so that no other representative is its duplicate.
    """
    duplicate_of = np.arange(len(matrix))
    if min_score == 0:
        return duplicate_of
    free = np.flatnonzero(~pinned)
    if len(free) < len(matrix):
        pins = np.flatnonzero(pinned)
        found, scores = nearest(matrix[free], matrix[pins])
        near = scores >= min_score - ROUNDING
        duplicate_of[free[near]] = pins[found[near]]
        free = free[~near]
    for group in star_groups(matrix[free], min_score, prefer[free]):
        duplicate_of[free[group]] = free[group[0]]
    return duplicate_of


def _order(
    matrix: Float32,
    duplicate_of: Rows,
    labels: NDArray[np.int32],
    wishes: Wishes,
    config: PruneConfig,
    progress: Progress,
) -> _Order:
    """Return what the selector says in each cluster, and the noise policy of noise."""
    n = len(matrix)
    place = np.einsum("ij,ij->i", matrix, matrix[duplicate_of]).astype(np.float64)
    order = _Order(np.full(n, _COPY), place, np.full(n, np.nan, dtype=np.float32))
    clusters = list(by_cluster(labels, np.flatnonzero(duplicate_of == np.arange(n))))
    for done, (label, members) in enumerate(clusters, start=1):
        weights = None if wishes.weights is None else wishes.weights[members]
        rng = np.random.default_rng([config.seed, label - NOISE])
        by_policy = label == NOISE and config.noise != "cluster"
        selection = (_noise if by_policy else _select)(matrix[members], rng, weights, config)
        ordered = members[selection.order]
        kept = np.arange(len(ordered)) < selection.kept
        order.tier[ordered] = np.where(kept, _SELECTED, _NOISE_PRUNED if by_policy else _LEFT)
        order.place[ordered] = (np.arange(len(ordered)) + 0.5) / len(ordered)
        order.gains[ordered] = selection.gains
        progress("selecting", done, len(clusters))
    return order


def by_cluster(labels: NDArray[np.int32], rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Yield each label that some of `rows` (int64[m], ascending) have in int32[n], with those rows; noise first."""
    order = rows[np.argsort(labels[rows], kind="stable")]
    values, starts = np.unique(labels[order], return_index=True)
    yield from zip(values.tolist(), np.split(order, starts)[1:], strict=True)


def _select(vectors: Float32, rng: np.random.Generator, weights: Float32 | None, config: PruneConfig) -> Selection:
    return config.build_selector().select(vectors, rng, weights)


def _noise(vectors: Float32, rng: np.random.Generator, weights: Float32 | None, config: PruneConfig) -> Selection:
    """Return noise kept or pruned whole, in a random order for budgets."""
    m = len(vectors)
    order = Random().select(vectors, rng, weights).order
    return Selection(order, np.full(m, np.nan, dtype=np.float32), m if config.noise == "keep" else 0)


def _rank(
    order: _Order, duplicate_of: Rows, labels: NDArray[np.int32], wishes: Wishes, config: PruneConfig, how: Clusters
) -> Choice:
    n = len(labels)
    tier = np.where(wishes.pinned, _PINNED, order.tier)
    rank = _ranks(np.lexsort((np.arange(n), labels, order.place, tier)))
    required = wishes.pinned | wishes.labels.best(rank, config.min_per_label)
    rank = _ranks(np.lexsort((rank, ~required)))
    return Choice(
        duplicate_of=duplicate_of,
        labels=labels,
        rank=rank,
        gains=order.gains,
        selected=(tier <= _SELECTED) | required,
        for_label=required & (tier > _SELECTED),
        required=int(required.sum()),
        algorithm=how.algorithm,
        agreement=how.agreement,
    )


def _ranks(best_first: Rows) -> Rows:
    """Return int64[n]: the rank of each row in a permutation of rows."""
    rank = np.empty(len(best_first), dtype=np.int64)
    rank[best_first] = np.arange(len(best_first))
    return rank
