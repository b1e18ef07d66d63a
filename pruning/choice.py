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
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..progress import Progress, silent
from ..schemas.vector import Float32
from .cluster import NOISE, cluster
from .collapse import collapse
from .config import PruneConfig
from .layers import layers_of, select_in_layers
from .parts import Parts, one_each
from .selectors.base import Selection
from .selectors.random import Random
from .wishes import Wishes, no_wishes

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Tier(IntEnum):
    """The tiers of a rank, best first."""

    PINNED, SELECTED, FOR_WORK, LEFT, NOISE_PRUNED, COPY = range(6)


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
class Order:
    """What was found of n clips one by one: tier int64[n], of Tier; place float64[n], in its cluster, or the score of a
    copy; gains float32[n].
    """

    tier: Rows
    place: NDArray[np.float64]
    gains: Float32


@dataclass(frozen=True)
class Ranked:
    """Those fields of a Choice that an Order decides."""

    rank: Rows
    gains: Float32
    selected: Mask
    for_label: Mask
    for_work: Mask
    required: int


@dataclass(frozen=True)
class Members:
    """The m clips of one cluster, from which a selector chooses.

    label: of the cluster; rows: int64[m], ascending; layers: int64[m], of layers.py; weights: float32[m] or None; rng:
    for all chance in it; by_policy: whether they are noise that is kept or pruned whole.
    """

    label: int
    rows: Rows
    layers: Rows
    weights: Float32 | None
    rng: np.random.Generator
    by_policy: bool

    @property
    def left(self) -> Tier:
        """The tier of those that are not kept."""
        return Tier.NOISE_PRUNED if self.by_policy else Tier.LEFT


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
        duplicate_of, recall = collapse(parts, prefer, wishes, config.duplicate_score, progress)
        alone = duplicate_of == np.arange(n)
        rows, copies = np.flatnonzero(alone), np.flatnonzero(~alone)
        scores = np.ones(n, dtype=np.float32)
        scores[copies] = np.clip(parts.scores(copies, duplicate_of[copies]), -1, 1)
        clusters = cluster(matrix[rows], config, progress)
        order = _order(matrix, rows, clusters.labels, wishes, config, progress)
    order.place[copies] = scores[copies]
    labels = np.full(n, NOISE, dtype=np.int32)
    labels[rows] = clusters.labels
    labels = labels[duplicate_of]
    found = ranked(order, labels, duplicate_of, wishes, config.min_per_label)
    return Choice(
        duplicate_of=duplicate_of,
        scores=scores,
        labels=labels,
        rank=found.rank,
        gains=found.gains,
        selected=found.selected,
        for_label=found.for_label,
        for_work=found.for_work,
        required=found.required,
        algorithm=clusters.algorithm,
        agreement=clusters.agreement,
        duplicates_recall=recall,
    )


def _order(
    matrix: Float32, rows: Rows, labels: NDArray[np.int32], wishes: Wishes, config: PruneConfig, progress: Progress
) -> Order:
    """Return what the selector says in each cluster, and the noise policy of noise, of `rows` of float32[n, d].

    rows: int64[m], ascending; labels: int32[m], of these. All others count as copies.
    """
    n = len(matrix)
    order = Order(np.full(n, Tier.COPY), np.zeros(n), np.full(n, np.nan, dtype=np.float32))
    clusters = members_of(rows, labels, wishes, config)
    for done, members in enumerate(clusters, start=1):
        selection = _select(matrix[members.rows], members, config)
        ordered = members.rows[selection.order]
        kept = np.arange(len(ordered)) < selection.kept
        order.tier[ordered] = np.where(kept, Tier.SELECTED, members.left)
        order.place[ordered] = (np.arange(len(ordered)) + 0.5) / len(ordered)
        order.gains[ordered] = selection.gains
        progress("selecting", done, len(clusters))
    return order


def members_of(rows: Rows, labels: NDArray[np.int32], wishes: Wishes, config: PruneConfig) -> list[Members]:
    """Return the clusters of `rows`, int64[m], ascending, noise first; labels: int32[m], of these."""
    layers = np.zeros(len(rows), dtype=np.int64)
    works = None if wishes.apart is None else wishes.apart.performances
    if works is not None:
        layers = layers_of(labels, works.take(rows))
    return [
        Members(
            label=label,
            rows=rows[places],
            layers=layers[places],
            weights=None if wishes.weights is None else wishes.weights[rows[places]],
            rng=np.random.default_rng([config.seed, label - NOISE]),
            by_policy=label == NOISE and config.noise != "cluster",
        )
        for label, places in by_cluster(labels)
    ]


def by_cluster(labels: NDArray[np.int32] | Rows) -> Iterator[tuple[int, Rows]]:
    """Yield each label that there is in int[m], noise first, with its places, ascending."""
    order = np.argsort(labels, kind="stable")
    values, starts = np.unique(labels[order], return_index=True)
    yield from zip(values.tolist(), np.split(order, starts)[1:], strict=True)


def _select(vectors: Float32, members: Members, config: PruneConfig) -> Selection:
    if members.by_policy:
        return noise_order(vectors, members, config.noise)
    selector, rng, weights = config.build_selector(), members.rng, members.weights
    if not members.layers.any():
        return selector.select(vectors, rng, weights)

    def select(places: Rows) -> Selection:
        return selector.select(vectors[places], rng, None if weights is None else weights[places])

    return select_in_layers(select, members.layers)


def noise_order(vectors: Float32, members: Members, policy: str) -> Selection:
    """Return noise kept or pruned whole, in a random order for budgets."""
    m = len(vectors)
    order = Random().select(vectors, members.rng, members.weights).order
    return Selection(order, np.full(m, np.nan, dtype=np.float32), m if policy == "keep" else 0)


def ranked(order: Order, labels: NDArray[np.int32], duplicate_of: Rows, wishes: Wishes, min_per_label: int) -> Ranked:
    """Return the ranks of n clips by their order, and who is kept; labels: int32[n], of duplicates too."""
    n = len(labels)
    tier = np.where(wishes.pinned, Tier.PINNED, order.tier)
    for_work = np.zeros(n, dtype=np.bool_) if wishes.alone is None else wishes.alone & (tier > Tier.SELECTED)
    tier[for_work] = Tier.FOR_WORK
    rank = _ranks(np.lexsort((np.arange(n), labels, order.place, tier)))
    required = wishes.pinned | wishes.labels.best(rank, duplicate_of, min_per_label)
    rank = _ranks(np.lexsort((rank, ~required)))
    return Ranked(
        rank=rank,
        gains=order.gains,
        selected=(tier <= Tier.FOR_WORK) | required,
        for_label=required & (tier > Tier.FOR_WORK),
        for_work=for_work & ~required,
        required=int(required.sum()),
    )


def _ranks(best_first: Rows) -> Rows:
    """Return int64[n]: the rank of each row in a permutation of rows."""
    rank = np.empty(len(best_first), dtype=np.int64)
    rank[best_first] = np.arange(len(best_first))
    return rank
