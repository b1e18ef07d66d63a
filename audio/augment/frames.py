"""Lengths of the frames in which a sound is read and written again: their ratio sets by how much it is higher.

A frame of `source` samples whose spectrum is cut off or filled up and transformed back to `result` samples is resampled
by the sinc itself. Both are even products of 2, 3, 5, 7, 11 and 13, for which FFTs are fast.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from ...errors import UsageError

HOP_S = 0.042
"""From frame to frame. Half of it, at twice the cost, brings magnitudes of recordings 2 dB closer to the source's."""

SHORTEST, LONGEST = 2.0, 2.5
"""Hops that a frame lasts where it is written, 0.1 s: long enough for a bass note, short enough for a drum."""

TOLERANCE_CENTS = 0.7
"""How far off the ratio of the lengths may be: the shortest pair within it is taken, or else the nearest, which is off
by 2 cents or so at 22,050 Hz. This does not move the pitch, which the phases set from frame to frame; but 0.7 cents are
half a bin at 11 kHz, a 20th of one at 1 kHz, by which a tone in a frame is not quite where the phases have it.
"""

MOST_CENTS = 2400
"""The largest change, up or down: two octaves."""


@dataclass(frozen=True)
class Frames:
    """Samples of a frame where it is read and where it is written; what is written is higher by source / result."""

    source: int
    result: int

    @property
    def bins(self) -> int:
        """How many frequencies, from 0 on, the two have in common."""
        return min(self.source, self.result) // 2 + 1


def hop_samples(sample_rate_hz: int) -> int:
    """Return how many samples it is from frame to frame, at least 16."""
    return max(16, round(HOP_S * sample_rate_hz))


@lru_cache(maxsize=4096)
def frames_for(cents: int, hop: int) -> Frames:
    """Return the lengths for a shift by `cents`. Raises UsageError beyond MOST_CENTS."""
    if abs(cents) > MOST_CENTS:
        raise UsageError(f"a shift by {cents} cents is too large; choose one from -{MOST_CENTS} to {MOST_CENTS}")
    ratio = 2 ** (cents / 1200)
    known = _products(2 ** math.ceil(math.log2(16 * hop)))
    results = known[bisect_left(known, math.ceil(SHORTEST * hop)) : bisect_left(known, math.floor(LONGEST * hop) + 1)]
    nearby = [(bisect_left(known, result * ratio), result) for result in results]
    pairs = [Frames(source, result) for at, result in nearby for source in known[max(at - 1, 0) : at + 1]]

    def preference(frames: Frames) -> tuple[float, int]:
        off_cents = abs(1200 * math.log2(frames.source / frames.result) - cents)
        return max(off_cents, TOLERANCE_CENTS), 2 * frames.source + frames.result

    return min(pairs, key=preference)


@lru_cache(maxsize=8)
def _products(limit: int) -> list[int]:
    """Return the even products of 2, 3, 5, 7, 11 and 13 up to `limit`, sorted."""
    products = [2]
    for prime in (2, 3, 5, 7, 11, 13):
        powers = [prime**power for power in range(limit.bit_length())]
        products = [product * power for product in products for power in powers if product * power <= limit]
    return sorted(products)
