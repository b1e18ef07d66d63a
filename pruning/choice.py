"""The heart of pruning, on arrays alone: collapse duplicates, cluster, select in each cluster, and rank everything.

A rank is given to every clip, so that one choice holds every budget: the first r ranks are what is kept of r clips.
First come pinned clips, then those that a label cannot do without, then the clips that their selectors keep, then those
that are kept for their work alone, then those that selectors do not keep, then noise that the policy prunes, then
duplicates. Within each of these, clusters are interleaved by relative position: a third of the ranks holds about a
third of every cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..progress import Progress, silent
from ..schemas.vector import Float32
from ..store.shards import Workers
from .cluster import NOISE, cluster
from .collapse import collapse
from .config import PruneConfig
from .members import Tier, members_of
from .parts import Parts, one_each
from .selecting import select_all
from .two_stage import is_giant
from .wishes import Wishes, no_wishes

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Choice:
    """What was found out about the n clips of the pruned split.

    duplicate_of: int64[n], the row that stands for a duplicate, itself for all others; scores: float32[n], of a
    duplicate and that row, 1 for all others; labels: int32[n], the cluster (a duplicate has its representative's), -1
    for noise; rank: int64[n], a permutation; gains: float32[n], NaN where no selector gave one; selected: bool[n], kept
    without a budget; for_label, for_work: bool[n], kept for its label's or its work's sake alone; required: how many
    of the first ranks are kept whatever the budget; algorithm: how the clusters were found; agreement: of approximate
    clusters with exact ones, None where they are exact; duplicates_recall: the share of pairs of duplicates that was
    found, 1.0 where none can be missing; two_stage: the clusters that were selected from in two stages.
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
    two_stage: tuple[int, ...] = ()

    @property
    def is_duplicate(self) -> Mask:
        """bool[n]: whether a clip is a duplicate of another."""
        return np.asarray(self.duplicate_of != np.arange(len(self.duplicate_of)))


@dataclass(frozen=True)
class Order:
    """What was found of n clips one by one: tier int64[n], of Tier; place float64[n], in its cluster, or the score of a
    copy; gains float32[n]; two_stage: the clusters that were selected from in two stages (two_stage.py).
    """

    tier: Rows
    place: NDArray[np.float64]
    gains: Float32
    two_stage: tuple[int, ...] = ()


@dataclass(frozen=True)
class Ranked:
    """Those fields of a Choice that an Order decides."""

    rank: Rows
    gains: Float32
    selected: Mask
    for_label: Mask
    for_work: Mask
    required: int


def choose(
    matrix: Float32,
    prefer: Rows,
    config: PruneConfig,
    wishes: Wishes | None = None,
    *,
    parts: Parts | None = None,
    progress: Progress = silent,
    workers: Workers | None = None,
) -> Choice:
    """Return the choice for float32[n, d] (L2-normalised, rows sorted by clip id).

    prefer: int64[n], lower for the better original among equal representatives; wishes: None for none at all; parts: by
    which clips are compared when duplicates collapse, None for their rows; progress: hears of "duplicates", of the
    clustering, and of "selecting" by the clusters done; workers: who compares and selects, None for this process.

    BLAS runs on one thread here: the order in which it sums, and with it the view, must not depend on how many there
    are.
    """
    n, wishes, parts = len(matrix), wishes or no_wishes(len(matrix)), parts or one_each(matrix)
    with threadpool_limits(limits=1, user_api="blas"):
        progress("duplicates", 0, None)
        duplicate_of, recall = collapse(parts, prefer, wishes, config.duplicate_score, progress, workers)
        alone = duplicate_of == np.arange(n)
        rows, copies = np.flatnonzero(alone), np.flatnonzero(~alone)
        scores = np.ones(n, dtype=np.float32)
        scores[copies] = np.clip(parts.scores(copies, duplicate_of[copies]), -1, 1)
        clusters = cluster(matrix[rows], config, progress, workers)
        order = _order(matrix, rows, clusters.labels, wishes, config, progress, workers)
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
        two_stage=order.two_stage,
    )


def _order(
    matrix: Float32,
    rows: Rows,
    labels: NDArray[np.int32],
    wishes: Wishes,
    config: PruneConfig,
    progress: Progress,
    workers: Workers | None,
) -> Order:
    """Return what the selector says in each cluster, and the noise policy of noise, of `rows` of float32[n, d].

    rows: int64[m], ascending; labels: int32[m], of these. All others count as copies.
    """
    n = len(matrix)
    order = Order(np.full(n, Tier.COPY), np.zeros(n), np.full(n, np.nan, dtype=np.float32))
    clusters = members_of(rows, labels, wishes, config)
    for done, (members, selection) in enumerate(select_all(matrix, clusters, config, workers), start=1):
        ordered = members.rows[selection.order]
        kept = np.arange(len(ordered)) < selection.kept
        order.tier[ordered] = np.where(kept, Tier.SELECTED, members.left)
        order.place[ordered] = (np.arange(len(ordered)) + 0.5) / len(ordered)
        order.gains[ordered] = selection.gains
        progress("selecting", done, len(clusters))
    selector = config.build_selector()
    return replace(order, two_stage=tuple(one.label for one in clusters if workers and is_giant(one, selector)))


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
