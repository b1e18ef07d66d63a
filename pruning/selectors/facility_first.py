"""The first picks of facility location in a large cluster: each stands for more clips than a list of near ones holds.

What a candidate adds is estimated on a sample of the clips; the best by that estimate are then compared with all of
them, and the best of those is the pick. Candidates and sample are spaced evenly, so nothing is random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import blocks
from ...schemas.vector import Float32
from .base import as_one

Rows = NDArray[np.int64]
Float64 = NDArray[np.float64]

CANDIDATES, SAMPLE = 8192, 2048
"""Clips that a first pick is chosen from, and clips on which it is estimated what each adds (64 MB of cosines)."""

SHORTLIST = 32
"""Candidates that are compared with all clips for a pick."""


@dataclass(frozen=True)
class FirstPicks:
    """picks: int64[p]; best: float32[m], each clip's cosine to the nearest of them; added: float64[p], what each added
    to the sum of mass * best, the first of them all that it serves.
    """

    picks: Rows
    best: Float32
    added: Float64


def first_picks(vectors: Float32, mass: Rows, first: int, count: int, weights: Float32 | None) -> FirstPicks:
    """Return the row `first` of float32[m, d] (distinct, L2-normalised) and up to `count` - 1 picks after it.

    mass: int64[m], for how many clips each row stands; weights: float32[m], by which gains are multiplied when they are
    compared. O(SHORTLIST m d) a pick; memory a block of cosines, and those of CANDIDATES to SAMPLE rows.
    """
    best = _cosines(vectors, np.array([first]))[0]
    picks, added = [first], [float((best * mass).sum(dtype=np.float64))]
    if count > 1:
        estimate = _Estimate(vectors, mass, best, np.ones(len(vectors), np.float32) if weights is None else weights)
    while len(picks) < count:
        shortlist = estimate.shortlist()
        pick, gain = _best_of(vectors, mass, shortlist, best, estimate.worth)
        if gain <= 0:
            break
        best = np.maximum(best, _cosines(vectors, np.array([pick]))[0])
        picks.append(pick)
        added.append(gain)
        estimate.renew(best)
    return FirstPicks(np.array(picks, dtype=np.int64), best, np.array(added))


class _Estimate:
    """What each candidate would add, on the sample; kept up to date by the sampled clips that a pick serves better."""

    def __init__(self, vectors: Float32, mass: Rows, best: Float32, worth: Float32) -> None:
        m = len(vectors)
        self.worth = worth
        self._candidates, self._sample = _spaced(m, CANDIDATES), _spaced(m, SAMPLE)
        self._mass = mass[self._sample].astype(np.float32)
        self._cosines = vectors[self._sample] @ vectors[self._candidates].T
        self._best = best[self._sample]
        self._gains = self._over(self._best, np.arange(len(self._sample)))

    def shortlist(self) -> Rows:
        """Return the candidates that add most, weighted, by row."""
        wanted = self._gains * self.worth[self._candidates]
        count = min(SHORTLIST, len(wanted))
        return np.sort(self._candidates[np.argpartition(-wanted, count - 1)[:count]])

    def renew(self, best: Float32) -> None:
        """Take in how well each clip is served now, float32[m]."""
        now = best[self._sample]
        better = np.flatnonzero(now > self._best)
        self._gains += self._over(now[better], better) - self._over(self._best[better], better)
        self._best = now

    def _over(self, best: Float32, places: Rows) -> Float64:
        """Return float64[c]: what candidates add beyond `best` to the sampled clips at `places`."""
        total = np.zeros(len(self._candidates))
        for at in blocks(len(places), 16 * len(self._candidates)):
            more = np.maximum(self._cosines[places[at]] - best[at, None], 0)
            more *= self._mass[places[at], None]
            total += more.sum(axis=0, dtype=np.float64)
        return total


def _best_of(vectors: Float32, mass: Rows, shortlist: Rows, best: Float32, worth: Float32) -> tuple[int, float]:
    """Return which of the shortlist adds most, weighted, the first of several; and what it adds."""
    gains = np.zeros(len(shortlist))
    for at in blocks(len(vectors), 16 * len(shortlist)):
        more = np.maximum(as_one(vectors[at] @ vectors[shortlist].T) - best[at, None], 0)
        gains += (more * mass[at, None]).sum(axis=0, dtype=np.float64)
    place = int(np.argmax(gains * worth[shortlist]))
    return int(shortlist[place]), float(gains[place])


def _cosines(vectors: Float32, rows: Rows) -> Float32:
    """Return float32[r, m]: the cosines of `rows` to all, exactly 1 to themselves."""
    cosines = as_one(vectors[rows] @ vectors.T)
    cosines[np.arange(len(rows)), rows] = 1
    return cosines


def _spaced(m: int, count: int) -> Rows:
    """Return min(m, count) of m rows, spaced evenly."""
    return np.arange(min(m, count)) * m // min(m, count)
