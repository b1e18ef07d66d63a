"""The searches of a kNN graph (nearest.py) by workers: rows in shards, lists merged by key.

Compared with all, the rows of a block are compared with every shard of the matrix, and of what each finds the nearest
stay. In cells, a shard is some cells: the rows of a block that look into one of them are compared with its rows by
whoever has it. Who is on a list, in which order, is settled here by exact distances, as it is without workers, so that
the lists are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from ...store.shards import Shard, Shared, Workers, cut
from ..shared_rows import SharedRows, share_rows
from .nearest import CellFinder, ExactFinder, Finder, Meeting, met

Rows = NDArray[np.int64]

QUERIES = 16_384
"""Rows of a block when all are compared with all."""

MOST_ROWS = 65_536
"""Rows of the matrix in a shard, unless one cell has more."""

_LEAST_ROWS = 1024


@dataclass(frozen=True)
class NearestShard:
    """Work: compare a block of rows with a shard of the matrix.

    A worker holds both, and what it finds: at d dimensions and lists of k, 4 d (QUERIES + 2 MOST_ROWS) bytes and
    12 (k + 5) QUERIES, however many rows the matrix has.
    """

    queries: Shared[Float32]
    matrix: SharedRows
    count: int

    def __call__(self, at: slice) -> tuple[int, Float32, Rows]:
        """Return where the shard begins, and of each row the nearest in it: inner products float32[q, c], rows."""
        import faiss

        base = self.matrix[at]
        metric = faiss.METRIC_INNER_PRODUCT
        scores, found = faiss.knn(self.queries.get(), base, min(self.count, len(base)), metric=metric)
        return at.start, scores, np.asarray(found, dtype=np.int64) + at.start


@dataclass(frozen=True)
class SpreadExact(ExactFinder):
    """Compares with every row, by workers."""

    workers: Workers = field(kw_only=True)

    @property
    def block_rows(self) -> int:
        """As many as a worker holds."""
        return QUERIES

    @cached_property
    def _shared(self) -> SharedRows:
        return share_rows(self.workers, self.matrix)

    def _knn(self, rows: Rows, count: int) -> tuple[Float32, Rows]:
        pieces = cut(range(len(self.matrix)), self.workers.count, MOST_ROWS, _LEAST_ROWS)
        shards = (Shard(f"the comparison with clips from {one[0]} on", slice(one[0], one[-1] + 1)) for one in pieces)
        work = NearestShard(self.workers.share(self.matrix[rows]), self._shared, count)
        found = sorted((result for _, result in self.workers.each(work, shards)), key=lambda result: result[0])
        scores, ids = (np.concatenate([result[at] for result in found], axis=1) for at in (1, 2))
        order = np.lexsort((ids, -scores), axis=1)[:, :count]
        return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)


@dataclass(frozen=True)
class CellShard:
    """Work: compare those of a block of rows that look into some cells with the rows there.

    A worker holds the block and the shard: at d dimensions 4 d (32,768 + 2 MOST_ROWS) bytes, or of the largest cell.
    """

    queries: Shared[Float32]
    matrix: SharedRows
    fetched: int

    def __call__(self, meetings: Sequence[Meeting]) -> tuple[Rows, Float32, Rows]:
        """Return who looked: int64[p], squared distances float32[p, fetched], and places among the rows of all cells.

        A meeting is between places of the block and places among the rows of all cells, which are neighbours.
        """
        queries = self.queries.get()
        start, stop = min(int(m.members[0]) for m in meetings), max(int(m.members[-1]) + 1 for m in meetings)
        base = self.matrix[slice(start, stop)]
        who, inverse = np.unique(np.concatenate([m.places for m in meetings]), return_inverse=True)
        bounds = np.cumsum([0, *(len(m.places) for m in meetings)])
        near = [
            Meeting(inverse[first:last], m.members - start, m.centroid)
            for m, first, last in zip(meetings, bounds[:-1], bounds[1:], strict=True)
        ]
        heap = met(queries[who], base, near, self.fetched)
        return who, heap.D, np.where(heap.I >= 0, heap.I + start, -1)


@dataclass(frozen=True)
class SpreadCells(CellFinder):
    """Compares with the rows of the cells around a row, by workers."""

    workers: Workers = field(kw_only=True)

    @cached_property
    def _shared(self) -> SharedRows:
        return share_rows(self.workers, self.matrix, self.cells.rows)

    def _found(self, rows: Rows, fetched: int) -> Rows:
        import faiss

        where = np.empty(len(self.cells.rows), dtype=np.int64)
        where[self.cells.rows] = np.arange(len(where))
        pieces: list[list[Meeting]] = [[]]
        first = 0
        for meeting in self._meetings(rows):
            members = where[meeting.members]
            if pieces[-1] and members[-1] - first >= MOST_ROWS // 4:
                pieces.append([])
            if not pieces[-1]:
                first = int(members[0])
            pieces[-1].append(Meeting(meeting.places, members, meeting.centroid))
        shards = (Shard(f"the comparison in {len(piece)} cells", piece) for piece in pieces if piece)
        work = CellShard(self.workers.share(self.matrix[rows]), self._shared, fetched)
        heap = faiss.ResultHeap(len(rows), fetched, keep_max=False)
        for _, (who, squared, places) in self.workers.each(work, shards):
            ids = np.where(places >= 0, self.cells.rows[places], -1)
            heap.add_result_subset(who, squared, ids)
        return np.asarray(heap.I)


def spread(finder: Finder, workers: Workers) -> Finder:
    """Return the finder that finds the same by workers."""
    if isinstance(finder, CellFinder):
        return SpreadCells(finder.matrix, finder.blank, finder.cells, finder.probes, workers=workers)
    if isinstance(finder, ExactFinder):
        return SpreadExact(finder.matrix, finder.blank, workers=workers)
    return finder
