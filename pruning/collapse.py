"""Duplicates collapse before anything else: of each star group one clip goes on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..indexing.groups.stars import stars_of
from ..progress import Progress, silent
from ..store.shards import Workers
from .parts import Parts, near_clips
from .wishes import Wishes

Rows = NDArray[np.int64]


def collapse(
    parts: Parts,
    prefer: Rows,
    wishes: Wishes,
    min_score: float,
    progress: Progress = silent,
    workers: Workers | None = None,
) -> tuple[Rows, float]:
    """Return int64[n], the representative of each clip's duplicate group, the clip itself outside of any; and the share
    of all pairs of duplicates that was found, 1.0 where none can be missing.

    prefer: int64[n], lower for the better representative; min_score: 0 to collapse none; wishes: a pinned clip stands
    for itself and takes what is near it, so that no other representative is its duplicate; of others who has a lower
    turn stands for what is near; and clips that are to stay apart are no duplicates.
    """
    duplicate_of, pinned, apart = np.arange(len(parts)), wishes.pinned, wishes.apart
    if min_score == 0:
        return duplicate_of, 1.0
    free = np.flatnonzero(~pinned)
    if 0 < len(free) < len(parts):
        pins = np.flatnonzero(pinned)
        barred = None if apart is None else apart.barred(free, pins)
        found, _, near = parts.take(free).nearest(parts.take(pins), min_score, barred)
        duplicate_of[free[near]] = pins[found[near]]
        free = free[~near]
    rest = parts.take(free)
    pairs = near_clips(rest, min_score, None if apart is None else apart.take(free), progress, workers)
    turns = None if wishes.turns is None else wishes.turns[free]
    for group in stars_of(rest.matrix, pairs, prefer[free], turns=turns):
        duplicate_of[free[group]] = free[group[0]]
    return duplicate_of, pairs.recall
