"""Duplicates that are left among kept clips, from pairs that are found once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...indexing.groups.stars import Pairs
from ..sweep import after_a_duplicate

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

MAX_HELD = 1 << 20
"""Pairs that are held, each seen from both sides. Of more, those that matter are looked up for each value."""


@dataclass(frozen=True)
class Near:
    """Who is near whom: one[i] and other[i], int64[e] each, both ways; None where that is too many."""

    pairs: Pairs
    edges: tuple[Rows, Rows] | None

    def left(self, kept: Mask, rank: Callable[[], Rows]) -> int:
        """Return how many clips of bool[n] have a duplicate among them of a lower rank.

        rank: tells the rank of each clip, int64[n], in which kept ones come first; asked only where any two are near.
        """
        if self.edges is None:
            return int((kept & after_a_duplicate(self.pairs, rank())).sum())
        one, other = self.edges
        both = kept[one] & kept[other]
        if not both.any():
            return 0
        one, other, ranks = one[both], other[both], rank()
        return len(np.unique(one[ranks[other] < ranks[one]]))


def near_among(pairs: Pairs, some: Mask) -> Near:
    """Return who of `some` clips (bool[n]) is near whom of them: all that count where no other clip is ever kept."""
    asked = np.flatnonzero(some & (pairs.counts > 0))
    if pairs.counts[asked].sum() > MAX_HELD:
        return Near(pairs, None)
    others = [pairs.near(row) for row in asked.tolist()]
    one = np.repeat(asked, [len(near) for near in others])
    other = np.concatenate([np.zeros(0, dtype=np.int64), *others])
    both = some[other]
    return Near(pairs, (one[both], other[both]))
