"""The heart of pruning, on arrays alone: collapse duplicates, cluster, select in each cluster, and rank everything.

A rank is given to every clip, so that one choice holds every budget: the first r ranks are what is kept of r clips.
First come pinned clips, then those that a label cannot do without, then the clips that their selectors keep, then those
that are kept for their work alone, then those that selectors do not keep, then noise that the policy prunes, then
duplicates. Within each of these, clusters are interleaved by relative position: a third of the ranks holds about a
third of every cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..progress import Progress, silent
from ..schemas.vector import Float32
from .cluster import NOISE, Clusters, cluster
from .collapse import collapse
from .config import PruneConfig
from .layers import layers_of, select_in_layers
from .parts import Parts, one_each
from .selectors.base import Selection
from .selectors.random import Random
from .wishes import Wishes, no_wishes

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_PINNED, _SELECTED, _FOR_WORK, _LEFT, _NOISE_PRUNED, _COPY = range(6)
"""The tiers of a rank, best first."""


@dataclass(frozen=True)
class Choice:
    """What was found out about the n clips of the pruned split.

    duplicate_of: int64[n], the row that stands for a duplicate, itself for all others; scores: float32[n], of a
    duplicate and that row, 1 for all others; labels: int32[n], the cluster (a duplicate has its representative's), -1
    for noise; rank: int64[n], a permutation; gains: float32[n], NaN where no selector gave one; selected: bool[n], kept
    without a budget; for_label, for_work: bool[n], kept for its label's or its work's sake alone; required: how many
    of the first ranks are kept whatever the budget; algorithm: how the clusters were found; agreement: of approximate
    clusters with exact ones, None where they are exact; duplicates_recall: the share of pairs of duplicates that was
    found, 1.0 where none can be missing.
    """

    duplicate_of: Rows
    scores: Float32
    labels: NDArray[np.int32]
    rank: Rows
    gains: Float32
    selected: Mask
    for_label: Mask
    for_work: Mask
    required: int
    algorithm: str
    agreement: float | None
    duplicates_recall: float

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
    matrix: Float32,
    prefer: Rows,
    config: PruneConfig,
    wishes: Wishes | None = None,
    *,
    parts: Parts | None = None,
    progress: Progress = silent,
) -> Choice:
    """Return the choice for float32[n, d] (L2-normalised, rows sorted by clip id).

    prefer: int64[n], lower for the better original among equal representatives; wishes: None for none at all; parts: by
    which clips are compared when duplicates collapse, None for their rows; progress: hears of "duplicates", of the
    clustering, and of "selecting" by the clusters done.

    BLAS runs on one thread here: the order in which it sums, and with it the view, must not depend on how many there
    are.
    """
    n, wishes, parts = len(matrix), wishes or no_wishes(len(matrix)), parts or one_each(matrix)
    with threadpool_limits(limits=1, user_api="blas"):
        progress("duplicates", 0, None)
        duplicate_of, recall = collapse(parts, prefer, wishes.pinned, config.duplicate_score, wishes.apart)
        alone = duplicate_of == np.arange(n)
        rows, copies = np.flatnonzero(alone), np.flatnonzero(~alone)
        scores = np.ones(n, dtype=np.float32)
        scores[copies] = np.clip(parts.scores(copies, duplicate_of[copies]), -1, 1)
        clusters = cluster(matrix[rows], config, progress)
        order = _order(matrix, rows, clusters.labels, wishes, config, progress)
    order.place[copies] = scores[copies]
    labels = np.full(n, NOISE, dtype=np.int32)
    labels[rows] = clusters.labels
    return _rank(order, (duplicate_of, scores, recall), labels[duplicate_of], wishes, config, clusters)


def _order(
    matrix: Float32, rows: Rows, labels: NDArray[np.int32], wishes: Wishes, config: PruneConfig, progress: Progress
) -> _Order:
    """Return what the selector says in each cluster, and the noise policy of noise, of `rows` of float32[n, d].

    rows: int64[m], ascending; labels: int32[m], of these. All others count as copies.
    """
    n = len(matrix)
    order = _Order(np.full(n, _COPY), np.zeros(n), np.full(n, np.nan, dtype=np.float32))
    layers = np.zeros(len(rows), dtype=np.int64)
    if wishes.apart is not None:
        layers = layers_of(labels, wishes.apart.take(rows))
    clusters = list(by_cluster(labels))
    for done, (label, places) in enumerate(clusters, start=1):
        members = rows[places]
        weights = None if wishes.weights is None else wishes.weights[members]
        rng = np.random.default_rng([config.seed, label - NOISE])
        by_policy = label == NOISE and config.noise != "cluster"
        if by_policy:
            selection = _noise(matrix[members], rng, weights, config)
        else:
            selection = _select(matrix[members], rng, weights, layers[places], config)
        ordered = members[selection.order]
        kept = np.arange(len(ordered)) < selection.kept
        order.tier[ordered] = np.where(kept, _SELECTED, _NOISE_PRUNED if by_policy else _LEFT)
        order.place[ordered] = (np.arange(len(ordered)) + 0.5) / len(ordered)
        order.gains[ordered] = selection.gains
        progress("selecting", done, len(clusters))
    return order


def by_cluster(labels: NDArray[np.int32] | Rows) -> Iterator[tuple[int, Rows]]:
    """Yield each label that there is in int[m], noise first, with its places, ascending."""
    order = np.argsort(labels, kind="stable")
    values, starts = np.unique(labels[order], return_index=True)
    yield from zip(values.tolist(), np.split(order, starts)[1:], strict=True)


def _select(
    vectors: Float32, rng: np.random.Generator, weights: Float32 | None, layers: Rows, config: PruneConfig
) -> Selection:
    selector = config.build_selector()
    if not layers.any():
        return selector.select(vectors, rng, weights)

    def select(places: Rows) -> Selection:
        return selector.select(vectors[places], rng, None if weights is None else weights[places])

    return select_in_layers(select, layers)


def _noise(vectors: Float32, rng: np.random.Generator, weights: Float32 | None, config: PruneConfig) -> Selection:
    """Return noise kept or pruned whole, in a random order for budgets."""
    m = len(vectors)
    order = Random().select(vectors, rng, weights).order
    return Selection(order, np.full(m, np.nan, dtype=np.float32), m if config.noise == "keep" else 0)


def _rank(
    order: _Order,
    copies: tuple[Rows, Float32, float],
    labels: NDArray[np.int32],
    wishes: Wishes,
    config: PruneConfig,
    how: Clusters,
) -> Choice:
    """Return the choice of an order; copies: `duplicate_of`, `scores`, `duplicates_recall` of it; labels: int32[n], of
    duplicates too.
    """
    n = len(labels)
    tier = np.where(wishes.pinned, _PINNED, order.tier)
    for_work = np.zeros(n, dtype=np.bool_) if wishes.alone is None else wishes.alone & (tier > _SELECTED)
    tier[for_work] = _FOR_WORK
    rank = _ranks(np.lexsort((np.arange(n), labels, order.place, tier)))
    required = wishes.pinned | wishes.labels.best(rank, copies[0], config.min_per_label)
    rank = _ranks(np.lexsort((rank, ~required)))
    return Choice(
        duplicate_of=copies[0],
        scores=copies[1],
        labels=labels,
        rank=rank,
        gains=order.gains,
        selected=(tier <= _FOR_WORK) | required,
        for_label=required & (tier > _FOR_WORK),
        for_work=for_work & ~required,
        required=int(required.sum()),
        algorithm=how.algorithm,
        agreement=how.agreement,
        duplicates_recall=copies[2],
    )


def _ranks(best_first: Rows) -> Rows:
    """Return int64[n]: the rank of each row in a permutation of rows."""
    rank = np.empty(len(best_first), dtype=np.int64)
    rank[best_first] = np.arange(len(best_first))
    return rank
