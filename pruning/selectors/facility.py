"""Facility location: keep the clips that best stand for all clips of their cluster.

F(S) = mean_i max_{s in S} cos(i, s) is submodular: picking the clip of largest gain each time comes within a factor
1 - 1/e of the best F of that many clips (Nemhauser, Wolsey and Fisher, 1978). Raw F is no use for a stop, as the
medoid alone often has F near 0.9. Hence coverage(S) = (F(S) - F({medoid})) / (1 - F({medoid})): 0 for the medoid, 1
for everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...schemas.vector import Float32
from .base import Selection, medoid, similarities
from .registry import register

_CHUNK = 128
"""Rows of similarities worked on at once: 128 rows of a few thousand stay in the cache."""


@register("facility")
@dataclass(frozen=True)
class Facility:
    """Greedy facility location. `eps`: the share of coverage that may be lost; 0 keeps every distinct clip."""

    name: ClassVar[str]
    needs_keep: ClassVar[bool] = False

    eps: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.eps <= 1:
            raise UsageError(f"eps is the share of coverage that may be lost, from 0 to 1, not {self.eps}")

    def select(  # no chance here
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None = None,
    ) -> Selection:
        """Pick the medoid, then by largest gain; keep the shortest prefix of coverage at least 1 - eps.

        gains: how much each pick raises F, the medoid's being F({medoid}). Identical clips come last, with gain 0.
        """
        first = medoid(vectors)
        order, gains, lost = _greedy(similarities(vectors), first, weights)
        kept = int(np.argmax(lost <= self.eps * lost[0])) + 1
        return Selection(order, gains, kept)


def _greedy(
    cosines: Float32, first: int, weights: Float32 | None
) -> tuple[NDArray[np.int64], Float32, NDArray[np.float64]]:
    """Return the greedy order int64[m], the gains float32[m] and 1 - F after each pick, float64[m].

    The gains of all candidates are kept up to date: after a pick only the clips that it serves better than those before
    change them. A clip improves about log m times, so this is O(m^2 log m) in a few large array operations, and exact.
    """
    m = len(cosines)
    best = cosines[first].copy()
    gains = _gain(cosines, best, np.full_like(best, np.inf))
    order, won, lost = [first], [float(best.mean(dtype=np.float64))], [_lost(best)]
    worth = np.ones(m, dtype=np.float32) if weights is None else weights
    free = best < 1  # a clip identical to a picked one adds nothing
    while free.any():
        pick = int(np.argmax(np.where(free, gains * worth, -np.inf)))
        served = np.flatnonzero(cosines[pick] > best)
        now = cosines[pick][served]
        gains -= _gain(cosines[served], best[served], now)
        best[served] = now
        free &= best < 1
        order.append(pick)
        lost.append(_lost(best))
        won.append(lost[-2] - lost[-1])
    copies = np.setdiff1d(np.arange(m), order)
    padding = np.zeros(len(copies))
    return (
        np.concatenate([order, copies]).astype(np.int64),
        np.concatenate([won, padding]).astype(np.float32),
        np.concatenate([lost, padding]),
    )


def _gain(cosines: Float32, below: Float32, above: Float32) -> NDArray[np.float64]:
    """Return float64[m]: over rows i, the sum of cosines[i, candidate] cut to [below[i], above[i]], less below[i]."""
    total = np.zeros(cosines.shape[1])
    for start in range(0, len(cosines), _CHUNK):
        at = slice(start, start + _CHUNK)
        cut = np.clip(cosines[at], below[at, None], above[at, None])
        total += (cut - below[at, None]).sum(axis=0, dtype=np.float64)
    return total


def _lost(best: Float32) -> float:
    """Return 1 - F; exactly 0 where every clip is identical to a picked one."""
    return float(np.mean(1.0 - best, dtype=np.float64))
