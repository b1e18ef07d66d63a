"""How much an index finds, measured on rows of the space itself, and the least effort that finds enough.

Some rows are held out: the index learns nothing from them, they are searched for, and their exact neighbours are known.
Recall@k is the share of what an index returns that is as near as the true neighbours are: a hit counts by its exact
score, so that of two copies it may return either.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from ..kinds.base import Kind, learnable
from ..metric import Metric, faiss_metric
from .device import search

Rows = NDArray[np.int64]

ROUNDING = 1e-5
"""Scores this near to each other, of 1 or of their size, are equal: the exact search itself rounds by about as much."""

LOST = 0.002
"""Where codes lose so much that no effort reaches the target, recall this near to that of the greatest effort will do.
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HeldOut:
    """Queries whose answers are known.

    queries: float32[q, d]; own: int64[q], ascending, the rows they are; truth: int64[q, k], their exact neighbours
    without themselves, best first; matrix: float32[n, d], all rows; metric: what they are compared by.
    """

    queries: Float32
    own: Rows
    truth: Rows
    matrix: Float32
    metric: Metric

    def some(self, rows: slice) -> HeldOut:
        """Return a part of the queries."""
        return replace(self, queries=self.queries[rows], own=self.own[rows], truth=self.truth[rows])


@dataclass(frozen=True)
class Measured:
    """What a search with an effort found of the k nearest rows: recall, 0 to 1, over so many queries."""

    effort: int
    recall: float
    k: int
    queries: int


def hold_out(matrix: Float32, metric: Metric, *, k: int = 10, queries: int = 1000, seed: int = 0) -> HeldOut:
    """Return rows of float32[n, d] (prepared) to measure with, drawn by `seed`, and their exact neighbours.

    There are at most a fifth of n queries (at least one where there is a row), and k is at most n - 1.
    """
    import faiss

    n = len(matrix)
    count, k = min(queries, max(n - learnable(n), min(n, 1))), max(0, min(k, n - 1))
    own = np.sort(np.random.default_rng(seed).choice(n, count, replace=False)).astype(np.int64)
    if not k or not count:
        return HeldOut(matrix[own], own, np.empty((count, 0), np.int64), matrix, metric)
    found = faiss.knn(matrix[own], matrix, k + 1, metric=faiss_metric(metric))[1].astype(np.int64)
    return HeldOut(matrix[own], own, _others(found, own), matrix, metric)


def measure(index: Any, kind: Kind, effort: int, held: HeldOut) -> Measured:
    """Return the recall of an index of all rows that `held` was taken from, searched with an effort."""
    queries, k = held.truth.shape
    if not k or not queries:
        return Measured(effort, 1.0, k, queries)
    found = _others(search(index, kind, held.queries, k + 1, effort)[1], held.own)
    least = _exact(held, held.truth).min(axis=1, keepdims=True)
    hits = _exact(held, found) >= least - ROUNDING * np.maximum(1.0, np.abs(least))
    return Measured(effort, float(hits.mean()), k, queries)


def tune(index: Any, kind: Kind, held: HeldOut, target: float) -> Measured:
    """Return the smallest effort that reaches the recall `target`, and the recall that it has.

    The effort is found with every second query, aiming a tenth of the way beyond the target since the other queries,
    with which its recall is measured, differ a little. Where no effort reaches the
    target the smallest one that finds as much as any is returned, and a warning logged.
    """
    efforts = kind.efforts(index.ntotal)
    if not efforts:
        return measure(index, kind, 0, held)
    tuning, checking = (
        (held.some(slice(0, None, 2)), held.some(slice(1, None, 2))) if len(held.own) > 1 else (held,) * 2
    )
    known: dict[int, float] = {}

    def recall(place: int) -> float:
        effort = efforts[place]
        if effort not in known:
            known[effort] = measure(index, kind, effort, tuning).recall
        return known[effort]

    place = _least(efforts, recall, target + (1 - target) / 10)
    best = measure(index, kind, efforts[place], checking)
    if recall(place) < target:
        logger.warning(
            "an index of kind %r finds at most %.3f of the nearest vectors of this space, not %.3f; "
            "use kind 'ivf' or 'ivf-rabitq', or 'flat', which finds all",
            kind.name,
            best.recall,
            target,
        )
    return best


def _least(efforts: tuple[int, ...], recall: Callable[[int], float], target: float) -> int:
    """Return the place of the smallest effort that reaches a target, or as much as any where none does."""
    low, high, last = -1, 0, len(efforts) - 1
    while high < last and recall(high) < target:
        low, high = high, min(last, bisect_left(efforts, 2 * efforts[high]))
    if recall(high) < target:
        low, target = -1, recall(high) - LOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if recall(middle) >= target else (middle, high)
    return high


def _others(found: Rows, own: Rows) -> Rows:
    """Return int64[q, k] of int64[q, k + 1]: without the query's own row, or without the last where it is not there."""
    is_own = found == own[:, None]
    is_own[~is_own.any(axis=1), -1] = True
    is_own &= np.cumsum(is_own, axis=1) == 1
    return np.asarray(found[~is_own].reshape(len(found), -1))


def _exact(held: HeldOut, rows: Rows) -> NDArray[np.float64]:
    """Return float64[q, k]: how near the rows are to their query, higher is nearer; -inf for -1, which is no row."""
    near = held.matrix[np.maximum(rows, 0)].astype(np.float64)
    if held.metric is Metric.L2:
        values = -np.linalg.norm(near - held.queries[:, None, :], axis=2)
    else:
        values = np.einsum("qd,qkd->qk", held.queries.astype(np.float64), near)
    return np.asarray(np.where(rows < 0, -np.inf, values))
