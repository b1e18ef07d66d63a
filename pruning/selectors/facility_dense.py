"""Facility location with all cosines at hand: the exact greedy, for clusters whose m x m cosines fit into memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32

_CHUNK = 128
"""Rows of cosines worked on at once: 128 rows of a few thousand stay in the cache."""


def dense_greedy(
    cosines: Float32, first: int, weights: Float32 | None
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the greedy order of the p distinct clips, int64[p], what each added to F, and 1 - F after it, float64[p].

    cosines: float32[m, m], exactly 1 between identical clips; the order begins with `first`. The gains of all
    candidates are kept up to date: after a pick only the clips that it serves better than those before change them. A
    clip improves about log m times, so this is O(m^2 log m) in a few large array operations, and exact.
    """
    best = cosines[first].copy()
    gains = _gain(cosines, best, np.full_like(best, np.inf))
    won, lost = [float(best.mean(dtype=np.float64))], [_lost(best)]
    order = [first]
    free = best < 1  # a clip identical to a picked one adds nothing
    while free.any():
        worth = gains if weights is None else gains * weights
        pick = int(np.argmax(np.where(free, worth, -np.inf)))
        served = np.flatnonzero(cosines[pick] > best)
        now = cosines[pick, served]
        gains -= _gain(cosines[served], best[served], now)
        best[served] = now
        free[served] = now < 1
        order.append(pick)
        lost.append(_lost(best))
        won.append(lost[-2] - lost[-1])
    return np.array(order, dtype=np.int64), np.array(won), np.array(lost)


def _gain(cosines: Float32, below: Float32, above: Float32) -> NDArray[np.float64]:
    """Return float64[m]: over rows i, the sum of cosines[i, candidate] cut to [below[i], above[i]], less below[i]."""
    total = np.zeros(cosines.shape[1])
    for start in range(0, len(cosines), _CHUNK):
        at = slice(start, start + _CHUNK)
        cut = np.maximum(cosines[at], below[at, None])
        np.minimum(cut, above[at, None], out=cut)
        cut -= below[at, None]
        total += np.add.reduce(cut, axis=0, dtype=np.float64)
    return total


def _lost(best: Float32) -> float:
    """Return 1 - F; exactly 0 where every clip is identical to a picked one."""
    return float(np.mean(1.0 - best, dtype=np.float64))
