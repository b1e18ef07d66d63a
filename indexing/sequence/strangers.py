"""How alike strangers are to this very query: what a match must stand out from.

A threshold measured on the whole collection says little of a query whose like is rare in it: among a thousand songs,
ten recordings of beeps are strangers that resemble each other far more than the songs do. But the neighbours of a query
segment tell: a recording and its copies are few clips, and where many different clips come near, nearness means little.
So a segment's own level is the cosine that the `cohort`-th nearest clip reaches (cohort normalisation, as in speaker
verification: Rosenberg et al., ICSLP 1992).

A jingle in a hundred broadcasts is near in many clips, too. But it lies at one place of each, while what is merely of a
kind lies near wherever in a clip one looks (`elsewhere`). A pair is worth what it has above the lower of both levels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32

COHORT = 16
"""A recording may be there in so many copies, less one, without its likeness to itself counting as common."""

PER_CLIP = 6
"""Neighbours asked for, per clip of the cohort: several segments of one clip lie near."""


PLACE = 4
"""Segments of a clip that the right place takes up: the one, those that overlap it, and one of a repetition."""


def stranger_depth(cohort: int) -> int:
    """Return how many neighbours of each segment `stranger_levels` needs."""
    return cohort * PER_CLIP


def stranger_levels(clips: NDArray[np.int64], scores: Float32, cohort: int) -> Float32:
    """Return float32[L]: the cosine of each query segment to the `cohort`-th nearest of different clips.

    clips: int64[L, k], which clip each neighbour is of, nearest first, -1 for none; scores: float32[L, k], cosines.
    Where fewer clips are near, or cohort is 0, it is -1: what is near is then rare.
    """
    length, k = clips.shape
    levels = np.full(length, -1.0, dtype=np.float32)
    if not cohort or not k:
        return levels
    order = np.argsort(clips, axis=1, kind="stable")  # by clip, then by rank
    ordered = np.take_along_axis(clips, order, axis=1)
    first = np.ones((length, k), dtype=np.bool_)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first &= ordered >= 0
    new = np.zeros((length, k), dtype=np.bool_)  # whether a neighbour is the nearest of its clip
    np.put_along_axis(new, order, first, axis=1)
    met = np.cumsum(new, axis=1) >= cohort
    there = np.flatnonzero(met[:, -1])
    levels[there] = scores[there, np.argmax(met[there], axis=1)]
    return levels


def elsewhere(queries: Float32, clip: Float32) -> Float32:
    """Return float32[L]: how near queries float32[L, d] are to a clip's float32[n, d] but for the PLACE nearest of it.

    2 where the clip has no more than these, so that nothing is known of elsewhere.
    """
    if len(clip) <= PLACE:
        return np.full(len(queries), 2.0, dtype=np.float32)
    scores = queries @ clip.T
    return np.asarray(np.partition(scores, -PLACE - 1, axis=1)[:, -PLACE - 1])
