"""How well kept clips stand for all: measured on the clips themselves, not taken from what a selector expected."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from ..audio.cores import core_count
from ..indexing.near import ROUNDING, UNSURE, blocks, within
from ..indexing.threads import libraries
from ..schemas.vector import Float32
from ..store.pipeline import in_order
from .apart import Barred
from .selectors.base import medoid

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

MAX_PAIRS = 1 << 29
"""Pairs of clips compared for one coverage: 5 s on two cores at 512 dimensions. Beyond, a sample of the left-out clips
speaks for them: 600 of a million of which 850,000 are kept, 5,000 where 100,000 are kept, for an error of about .001.
"""


def nearest(queries: Float32, matrix: Float32, barred: Barred | None = None) -> tuple[Rows, Float32]:
    """Return for each query the most similar row, int64[q], and its cosine, float32[q].

    queries: float32[q, d]; matrix: float32[n, d], n >= 1; both L2-normalised; barred: rows that do not count, -1 with a
    cosine of -1 where none is left. A thread for each block, BLAS on one: the
    digits are the same however many there are.
    """
    rows = np.empty(len(queries), dtype=np.int64)
    scores = np.empty(len(queries), dtype=np.float32)

    def fill(at: slice) -> None:
        cosines = queries[at] @ matrix.T
        if barred is not None:
            cosines[barred.cells(at)] = -np.inf
        rows[at] = cosines.argmax(axis=1)
        best = np.take_along_axis(cosines, rows[at, None], axis=1)[:, 0]
        rows[at][np.isneginf(best)] = -1
        scores[at] = np.clip(best, -1, 1)

    parts = list(blocks(len(queries), 4 * len(matrix)))
    with _one_thread():
        if len(parts) > 1:
            deque(in_order(fill, parts, ahead=core_count()), maxlen=0)
        elif parts:  # of thousands of small clusters: threads would cost more than the product
            fill(parts[0])
    return rows, scores


def nearest_within(
    queries: Float32, matrix: Float32, min_score: float, barred: Barred | None = None
) -> tuple[Rows, Float32, Mask]:
    """Return what `nearest` does, and bool[q]: whether any row is within `min_score`, as `within` decides it.

    The row is one that is, where there is any: near the threshold it may not be the one of the highest float32 score.
    """
    rows, scores = nearest(queries, matrix, barred)
    near = scores >= min_score
    unsure = np.flatnonzero(np.abs(scores - np.float32(min_score)) < UNSURE)
    for at in blocks(len(unsure), 16 * matrix.shape[1]):
        which = unsure[at]
        exact = np.einsum("ij,ij->i", queries[which], matrix[rows[which]], dtype=np.float64)
        near[which] = exact >= min_score - ROUNDING
    for query in unsure[~near[unsure] & (scores[unsure] >= min_score - 4 * ROUNDING)].tolist():
        others = np.flatnonzero(within(queries[query : query + 1], matrix, min_score))
        if barred is not None:
            others = np.setdiff1d(others, barred.cells(slice(query, query + 1))[1])
        if len(others):  # less than a rounding behind
            rows[query], near[query] = others[0], True
    return rows, scores, near


def coverage(matrix: Float32, kept: Mask, of: Mask | None = None, *, max_pairs: int = MAX_PAIRS) -> float:
    """Return (F(S) - F({medoid})) / (1 - F({medoid})) of the kept rows of float32[n, d] (L2-normalised).

    F(S) = mean_i max_{s in S} cos(i, s): 1 for everything, 0 for the medoid, below 0 for a set that is worse than it.
    Nothing kept of nothing counts as 1, nothing kept of something as 0. of: bool[n], the rows that are to be covered,
    kept or not; None: all. Where that is more pairs than `max_pairs`, measured on a sample of them.
    """
    return coverages(matrix, [kept], of, max_pairs=max_pairs)[0]


def coverages(
    matrix: Float32, nested: Sequence[Mask], of: Mask | None = None, *, max_pairs: int = MAX_PAIRS
) -> list[float]:
    """Return the coverage of each of some sets of rows (bool[n]), each of which holds the one before it.

    Each row is compared with each other once at most: what one set does for it, the next does as well.
    """
    if not nested:
        return []
    of = np.ones(len(matrix), dtype=np.bool_) if of is None else of
    clips = int(of.sum())
    of_medoid = alone(matrix if of.all() else matrix[of]) if clips else 1.0
    rows = _measured(of & ~nested[0], max_pairs // max(1, int(nested[-1].sum())))
    best = np.full(len(rows), -1, dtype=np.float32)
    before, found = np.zeros(len(matrix), dtype=np.bool_), []
    for kept in nested:
        left, new = ~kept[rows], matrix[kept & ~before]
        rows, best, before = rows[left], best[left], kept
        if len(new):
            best = np.maximum(best, nearest(matrix[rows], new)[1])
        if not kept.any():
            found.append(0.0 if clips else 1.0)
        elif 1 - of_medoid < ROUNDING:
            found.append(1.0)
        else:
            inside = int((kept & of).sum())
            others = float(best.mean(dtype=np.float64)) if len(best) else 1.0  # of a sample: too few to be in it
            found.append(((inside + (clips - inside) * others) / clips - of_medoid) / (1 - of_medoid))
    return found


def alone(matrix: Float32) -> float:
    """Return F({medoid})."""
    with _one_thread():
        return float((matrix @ matrix[medoid(matrix)]).mean(dtype=np.float64))


def _one_thread() -> AbstractContextManager[object]:
    """Return a context in which BLAS runs on one thread, so that it sums in the same order on every machine."""
    limit: AbstractContextManager[object] = libraries().limit(limits=1, user_api="blas")
    return limit


def _measured(left: Mask, most: int) -> Rows:
    """Return the rows to measure on: those left, or as many of them by a fixed draw."""
    rows = np.flatnonzero(left)
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, max(1, most), replace=False))
