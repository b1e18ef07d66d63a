"""How well each clip as a whole explains each query as a whole: the scores of the published matchers.

Of the ways to lay a query on a clip, one scores the sum of the cosines of the pairs of segments, over the number of the
query's segments, those that fall outside the clip counting 0 (PFANN's matcher; Neural Audio Fingerprint's mean, where
all fall inside). A clip has the score of the best way, and the offset at which the query then begins in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .diagonals import Cells, Diagonals

Rows = NDArray[np.int64]


class SongScores:
    """Takes in what `match` scores. table: float32[c, 2], score and offset in hops of each clip; met: bool[c], whether
    anything of it was near, else both are 0.
    """

    def __init__(self, clips: int) -> None:
        self.table: Float32 = np.zeros((clips, 2), dtype=np.float32)
        self.met = np.zeros(clips, dtype=np.bool_)

    def note(self, diagonals: Diagonals, cells: Cells, length: int, late: float) -> None:
        """Take in whole diagonals of a track of `length` segments that begins `late` hops after the query."""
        which, begins = np.unique(cells.diagonal, return_index=True)
        scores = np.add.reduceat(cells.scores, begins) / np.float32(length)
        clips, offsets = diagonals.clips[which], diagonals.shifts[which] - late
        order = np.lexsort((-scores, clips))
        first = np.flatnonzero(np.diff(clips[order], prepend=-1))
        best = order[first]
        better = ~self.met[clips[best]] | (scores[best] > self.table[clips[best], 0])
        best = best[better]
        self.table[clips[best], 0], self.table[clips[best], 1] = scores[best], offsets[best]
        self.met[clips[best]] = True
