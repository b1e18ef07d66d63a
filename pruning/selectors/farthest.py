"""The farthest-point order of a cluster (Gonzalez, 1985), in O(m d) per pick and without an m x m matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import BLOCK_CELLS
from ...schemas.vector import Float32
from .base import as_one

_AHEAD = 64
"""Rows whose distances are computed at a time: the next picks are mostly among those that are farthest now."""


@dataclass(frozen=True)
class Farthest:
    """The order of m clips, int64[m], and after each pick.

    gains: float32[m], how far the pick was from those before it (chord; 2 for the first); lost: float64[m], the mean
    distance of all clips to their nearest pick; largest: the largest distance of any two clips.
    """

    order: NDArray[np.int64]
    gains: Float32
    lost: NDArray[np.float64]
    largest: float


def farthest_order(vectors: Float32, first: int, weights: Float32 | None = None) -> Farthest:
    """Start from row `first` of float32[m, d] (L2-normalised), then always take what is farthest from what was taken.

    weights: float32[m]; a distance counts so many times when candidates are compared. The first row of several as far;
    clips identical to others come last.
    """
    m = len(vectors)
    worth = np.ones(m, dtype=np.float32) if weights is None else weights
    nearest = np.full(m, np.float32(2.0))
    free = np.ones(m, dtype=np.bool_)
    rows = {first: chords(vectors, np.array([first]))[0]}
    wanted = nearest
    order, gains, lost, largest, pick = [], [], [], 0.0, first
    while nearest[pick] > 0:
        if pick not in rows:
            rows = _rows_ahead(vectors, pick, wanted)
        order.append(pick)
        gains.append(float(nearest[pick]))
        free[pick] = False
        largest = max(largest, float(rows[pick].max()))
        nearest = np.minimum(nearest, rows[pick])
        lost.append(float(nearest.mean(dtype=np.float64)))
        wanted = np.where(free, nearest * worth, -1)
        pick = int(np.argmax(wanted))
    copies = np.flatnonzero(free)
    padding = np.zeros(len(copies))
    return Farthest(
        np.concatenate([order, copies]).astype(np.int64),
        np.concatenate([gains, padding]).astype(np.float32),
        np.concatenate([lost, padding]),
        largest,
    )


def chords(vectors: Float32, rows: NDArray[np.int64]) -> Float32:
    """Return the chord distances float32[r, m] of `rows` (int64[r]) to all rows of float32[m, d] (L2-normalised).

    Rows within ROUNDING of cosine 1 are 0 apart.
    """
    cosines = as_one(vectors[rows] @ vectors.T)
    cosines[np.arange(len(rows)), rows] = 1.0
    return np.asarray(np.sqrt(2 - 2 * cosines), dtype=np.float32)


def _rows_ahead(vectors: Float32, pick: int, wanted: Float32) -> dict[int, Float32]:
    """Return the distances float32[m] of `pick` and of those most `wanted` (float32[m]) after it."""
    count = min(max(1, min(_AHEAD, BLOCK_CELLS // len(vectors))), len(vectors))
    ahead = np.argpartition(-wanted, count - 1)[:count]
    rows = np.union1d(ahead, [pick])
    return dict(zip(rows.tolist(), chords(vectors, rows), strict=True))
