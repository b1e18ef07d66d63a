"""The nearest rows of a row: among all, exactly, or among the rows of the cells around it.

Both searches ask FAISS for a few more rows than are wanted, in float32, and settle the order by exact distances
(chords.py). Rows must be distinct (identical.py) and of unit length; a zero row has cosine 0 to every other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...audio.cores import core_count
from ...schemas.vector import Float32
from ...store.pipeline import in_order
from ..cells import Cells
from .chords import squared_chords

Rows = NDArray[np.int64]

SPARE = 4
"""Rows fetched beyond those wanted, so that float32 rounding at the end of a list does not decide who is on it."""

UNSURE = 4e-6
"""Twice what a float32 inner product of unit rows is off by: nearer than this, an order is not known."""

_BASE_ROWS = 16_384
_ROWS = 4096
_FLOAT64_ROWS, _FLOAT64_BASE = 512, 8192


class Finder(Protocol):
    """Finds neighbours among the rows of one matrix float32[n, d]: all distinct, of unit length or zero."""

    @property
    def blank(self) -> NDArray[np.bool_]:
        """Which rows are zero: bool[n]."""

    @property
    def exact(self) -> bool:
        """Whether nothing nearer can have been passed over."""

    @property
    def effort(self) -> int:
        """Into how many cells it looks for one row; 0: it compares with every row."""

    @property
    def block_rows(self) -> int:
        """How many rows to ask for at a time."""

    def order(self) -> Rows:
        """Return all rows, in the order in which asking for a block after the other is cheapest."""

    def nearest(self, rows: Rows, count: int) -> tuple[Rows, Float32]:
        """Return int64[r, m] and float32[r, m], m = min(count, n - 1): the nearest others of `rows`, nearest first
        (ties by row), and the squared chords to them.
        """


@dataclass(frozen=True)
class ExactFinder:
    """Compares with every row. Where float32 cannot tell who is on a list, that list is computed in float64."""

    matrix: Float32
    blank: NDArray[np.bool_]
    device: str = "cpu"
    exact: ClassVar[bool] = True
    effort: ClassVar[int] = 0

    @property
    def block_rows(self) -> int:
        """Blocks so long that reading the matrix once for each costs little, so short that progress is seen."""
        return 8192 if self.device == "cpu" else 65_536

    def order(self) -> Rows:
        """Return the rows as they are."""
        return np.arange(len(self.matrix))

    def nearest(self, rows: Rows, count: int) -> tuple[Rows, Float32]:
        """Return the nearest others of `rows`; see Finder."""
        count = min(count, len(self.matrix) - 1)
        fetched = min(count + 1 + SPARE, len(self.matrix))
        scores, found = self._knn(rows, fetched)
        ids, squared = settle(self.matrix, self.blank, rows, found, count)
        if count and fetched < len(self.matrix):
            unsure = np.flatnonzero(scores.min(axis=1) > 1 - squared[:, -1] / 2 - UNSURE)
            for start in range(0, len(unsure), _FLOAT64_ROWS):
                at = unsure[start : start + _FLOAT64_ROWS]
                again = _nearest_float64(self.matrix, rows[at], count)
                ids[at], squared[at] = settle(self.matrix, self.blank, rows[at], again, count)
        return ids, squared

    def _knn(self, rows: Rows, count: int) -> tuple[Float32, Rows]:
        import faiss

        from ..index.device import MAX_SELECTION

        queries = self.matrix[rows]
        if self.device == "cpu" or count > MAX_SELECTION:
            return faiss.knn(queries, self.matrix, count, metric=faiss.METRIC_INNER_PRODUCT)
        return faiss.knn_gpu(
            faiss.StandardGpuResources(), queries, self.matrix, count, metric=faiss.METRIC_INNER_PRODUCT
        )


@dataclass(frozen=True)
class CellFinder:
    """Compares with the rows of the `probes` cells whose centroids are nearest to a row.

    Cell by cell: all rows of a block that look into a cell are compared with it in one matrix product, seen from the
    cell's centroid: what float32 loses is then small beside the cell, not beside a unit vector, so that a crowd of rows
    that are nearly one is still told apart.
    """

    matrix: Float32
    blank: NDArray[np.bool_]
    cells: Cells
    probes: int
    exact: ClassVar[bool] = False
    block_rows: ClassVar[int] = 32_768

    @property
    def effort(self) -> int:
        """Into how many cells it looks for one row."""
        return self.probes

    def order(self) -> Rows:
        """Return the rows cell by cell: neighbours look into the same cells."""
        return self.cells.rows

    def nearest(self, rows: Rows, count: int) -> tuple[Rows, Float32]:
        """Return the nearest others of `rows` in the cells around each; see Finder.

        A row whose cells hold fewer than it takes is compared with all.
        """
        count = min(count, len(self.matrix) - 1)
        fetched = min(count + 1 + SPARE, len(self.matrix))
        ids, squared = settle(self.matrix, self.blank, rows, self._found(rows, fetched), count)
        short = np.flatnonzero(np.isinf(squared[:, -1])) if count else np.empty(0, np.int64)
        if len(short):
            ids[short], squared[short] = ExactFinder(self.matrix, self.blank).nearest(rows[short], count)
        return ids, squared

    def _found(self, rows: Rows, fetched: int) -> Rows:
        """Return int64[r, fetched]: the nearest in the cells around each of `rows`, in any order; -1: no more."""
        return np.asarray(met(self.matrix[rows], self.matrix, self._meetings(rows), fetched).I)

    def _around(self, rows: Rows) -> Rows:
        """Return int64[r, probes]: the cells whose centroids are nearest to each of `rows`."""
        import faiss

        def around(start: int) -> Rows:
            faiss.omp_set_num_threads(1)
            return np.asarray(faiss.knn(self.matrix[rows[start : start + _ROWS]], self.cells.centroids, self.probes)[1])

        return np.concatenate(list(in_order(around, range(0, len(rows), _ROWS), ahead=2 * core_count())))

    def _meetings(self, rows: Rows) -> Iterator[Meeting]:
        """Yield the places in `rows` that look into a cell, the cell's rows, in bounded blocks, and its centroid: for
        every cell.
        """
        cells = self._around(rows)
        by_cell = np.argsort(cells, axis=None, kind="stable")
        bounds = np.searchsorted(cells.ravel()[by_cell], np.arange(len(self.cells) + 1))
        for cell in np.flatnonzero(np.diff(bounds)).tolist():
            places = by_cell[bounds[cell] : bounds[cell + 1]] // cells.shape[1]
            members = self.cells.members(cell)
            for start in range(0, len(members), _BASE_ROWS):
                yield Meeting(places, members[start : start + _BASE_ROWS], self.cells.centroids[cell])


class Meeting(NamedTuple):
    """Who looks into a cell: places int64[p] among the queries, the cell's rows int64[m], its centroid float32[d]."""

    places: Rows
    members: Rows
    centroid: Float32


def met(queries: Float32, matrix: Float32, meetings: Iterable[Meeting], fetched: int) -> Any:
    """Return a faiss.ResultHeap with what is nearest to each of `queries` in its meetings with rows of `matrix`."""
    import faiss

    def meet(meeting: Meeting) -> tuple[Rows, Float32, Rows]:
        faiss.omp_set_num_threads(1)  # of this thread of the pool alone: the cells are shared out, not one cell
        ours, base = queries[meeting.places] - meeting.centroid, matrix[meeting.members] - meeting.centroid
        squared, found = faiss.knn(ours, base, min(fetched, len(base)))
        return meeting.places, squared, meeting.members[found]

    heap = faiss.ResultHeap(len(queries), fetched, keep_max=False)
    with threadpool_limits(limits=1, user_api="blas"):
        for result in in_order(meet, meetings, ahead=2 * core_count()):
            heap.add_result_subset(*result)
    return heap


def settle(matrix: Float32, blank: NDArray[np.bool_], rows: Rows, found: Rows, count: int) -> tuple[Rows, Float32]:
    """Return the `count` nearest of the rows `found` (int64[r, m]; -1: none), and their squared chords, ties by row.

    A row is not its own neighbour. blank: bool[n], which rows are zero: they count as at right angles to all.
    """
    squared = squared_chords(matrix, rows, found)
    squared[(blank[rows][:, None] | blank[found]) & (found >= 0)] = 2
    squared[found == rows[:, None]] = np.inf
    order = np.lexsort((found, squared), axis=1)[:, :count]
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(squared, order, axis=1)


def _nearest_float64(matrix: Float32, rows: Rows, count: int) -> Rows:
    """Return int64[r, count]: the others with the highest cosine in float64, equal ones (to 1e-12) by row."""
    queries = _unit(matrix[rows])
    best, ids = np.empty((len(rows), 0)), np.empty((len(rows), 0), dtype=np.int64)
    for start in range(0, len(matrix), _FLOAT64_BASE):
        base = _unit(matrix[start : start + _FLOAT64_BASE])
        scores = np.round(queries @ base.T, 12)
        here = np.flatnonzero((rows >= start) & (rows < start + len(base)))
        scores[here, rows[here] - start] = -np.inf
        best = np.concatenate([best, scores], axis=1)
        places = np.broadcast_to(np.arange(start, start + len(base)), scores.shape)
        ids = np.concatenate([ids, places], axis=1)
        order = np.argsort(-best, axis=1, kind="stable")[:, :count]
        best, ids = np.take_along_axis(best, order, axis=1), np.take_along_axis(ids, order, axis=1)
    return ids


def _unit(matrix: Float32) -> NDArray[np.float64]:
    wide = matrix.astype(np.float64)
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    return np.asarray(wide / np.where(norms > 0, norms, 1))
