"""Closest-pair elimination of a large cluster: only the nearest neighbours of each clip are held, O(m k) memory.

A heap holds each row's nearest neighbour that is left. What is not on a row's list is no nearer than the list's end:
so the pair on top of the heap is the closest of all, until a row comes up at the end of a list of which nobody is left.
Then that row, and those that are nearly as far, get new lists of the rows that are left. With exact lists the order is
that of eliminate_dense. Lists are exact up to some 20,000 rows left; above, they hold at least a share RECALL of the
nearest (graph_search.py), and a pair that is on neither's list leaves when a new list shows it.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from ...indexing.neighbours.graph_search import prepare
from ...schemas.vector import Float32
from .base import as_one
from .jsd_remaining import Remaining

Rows = NDArray[np.int64]

NEIGHBOURS = 32
"""Length of a list."""

RECALL = 0.6
"""Near copies are found at any recall, and of farther neighbours any of several will do: of 40,000 rows of one gaussian
in 24 dimensions and noise, the half that stays is to 99.6 % that of exact lists, in half the time."""

_RENEW_BELOW = 8
"""Rows with at most so many left on their lists get new ones along with the row that needs one."""


def eliminate_sparse(vectors: Float32, weights: Float32 | None) -> tuple[Rows, Float32]:
    """Return order and gains of float32[m, d], m >= 1, as Remaining has them; weights: float32[m] or None."""
    remaining = Remaining(vectors, weights)
    lists = _Lists(vectors, remaining.left)
    heap = lists.heap()
    while remaining.count > 1:
        distance, row = heapq.heappop(heap)
        if not remaining.left[row]:
            continue
        nearest = lists.nearest(row)
        if -distance > lists.score(row):
            heapq.heappush(heap, (-lists.score(row), row))
        elif nearest < 0:
            lists.renew()
            heap = lists.heap()
        elif remaining.part(row, nearest, -distance) != row:
            heapq.heappush(heap, (distance, row))
    return remaining.order()


class _Lists:
    """For each row its neighbours, and how far down the list the nearest that is left stands.

    ids: int64[m, k], -1 behind the end; scores: float32[m, k], cosines; left: bool[m], kept up to date by its owner.
    """

    def __init__(self, vectors: Float32, left: NDArray[np.bool_]) -> None:
        m = len(vectors)
        self._vectors, self._left = vectors, left
        self._ids = np.full((m, NEIGHBOURS), -1, dtype=np.int64)
        self._scores = np.full((m, NEIGHBOURS), -np.inf, dtype=np.float32)
        self._places = np.zeros(m, dtype=np.int64)
        if m > 1:
            self.renew()

    def renew(self) -> None:
        """Make new lists, of rows that are left, for those rows that are left of whose lists little is."""
        rows = np.flatnonzero(self._left)
        enough = self._on_list(rows).sum(axis=1) > _RENEW_BELOW
        matrix = self._vectors if len(rows) == len(self._vectors) else self._vectors[rows]
        for found in prepare(matrix, NEIGHBOURS, recall=RECALL).blocks(enough):
            here = rows[found.rows]
            self._ids[here] = np.where(found.ids < 0, -1, rows[found.ids])
            self._scores[here] = as_one(found.scores)

    def heap(self) -> list[tuple[float, int]]:
        """Return a heap of (-cosine, row) for the rows left: of the nearest that is left, or of the list's end."""
        rows = np.flatnonzero(self._left)
        there = self._on_list(rows)
        ends = (self._ids[rows] >= 0).sum(axis=1)
        self._places[rows] = np.where(there.any(axis=1), there.argmax(axis=1), ends)
        scores = self._scores[rows, np.minimum(self._places[rows], ends - 1)]
        heap = list(zip((-scores).tolist(), rows.tolist(), strict=True))
        heapq.heapify(heap)
        return heap

    def nearest(self, row: int) -> int:
        """Return the nearest on a row's list that is left, going down the list; -1 where it is used up."""
        ids, place = self._ids[row], int(self._places[row])
        while place < NEIGHBOURS and ids[place] >= 0 and not self._left[ids[place]]:
            place += 1
        self._places[row] = place
        return int(ids[place]) if place < NEIGHBOURS else -1

    def score(self, row: int) -> float:
        """Return the cosine of what `nearest` found, or at the list's end where it found nothing."""
        return float(self._scores[row, min(int(self._places[row]), NEIGHBOURS - 1)])

    def _on_list(self, rows: Rows) -> NDArray[np.bool_]:
        """Return bool[r, k]: who of the rows' lists is left."""
        ids = self._ids[rows]
        return np.asarray((ids >= 0) & self._left[ids])
