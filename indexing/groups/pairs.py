"""All pairs of rows at or above a score, among a million rows, in bounded memory.

Equal rows are compared as one (identical.py). Short vectors rule most pairs out without loss (shortened.py), and of
many rows a partition into cells rules out most cells (reach.py); what is left is decided on whole vectors, near the
threshold in float64, so that every pair that is found is one. The answer is exact, whatever the cells, unless that
would take too long (reach.EXACT_WORK): then recall is measured on a sample, and says so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.shards import Workers
from ..cells import Cells, make_cells
from ..identical import Classes, equal_rows
from ..near import near_each, true_cells
from . import tiles
from .reach import Reach, reach_of
from .shortened import SLACK, shortened
from .tiles import Comparison, OwnPlaces, Table, Tile, compared_by

Rows = NDArray[np.int64]

ONE_CELL = 10_000
"""Up to so many rows, all are compared with all: finding cells would cost more than it saves."""

LISTED = 64
"""Rows with more neighbours than this (equal rows aside) are only counted; who they are is looked up on demand."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class NearPairs:
    """The pairs of rows within a score.

    counts: int64[n], how many others are near each row; recall: the share of all pairs that was found, 1.0 or as
    measured on a sample; exact: whether nothing can be missing; cells_searched: how many cells, of how many, a cell
    was compared with on average.
    """

    counts: Rows
    recall: float
    exact: bool
    cells_searched: tuple[float, int]
    _classes: Classes
    _class_of: Rows
    _starts: Rows
    _others: Rows
    _search: _Search

    def near(self, row: int) -> Rows:
        """Return the rows near a row, ascending, without itself: from its list, or by a search if it has many."""
        if not self.counts[row]:
            return np.empty(0, dtype=np.int64)
        own = int(self._class_of[row])
        others = self._others[self._starts[own] : self._starts[own + 1]]
        if self._search.counts[own] > LISTED:
            others = self._search.near(own)
        rows = self._classes.members(np.append(others, own))
        return np.asarray(rows[rows != row])


def near_pairs(
    matrix: Float32, min_score: float, progress: Progress = silent, workers: Workers | None = None
) -> NearPairs:
    """Return the pairs of rows of float32[n, d] (L2-normalised) whose cosine is at least `min_score`.

    A row of zeros is near none above score 0. Memory beside the matrix, in bytes: 4 w n for short vectors of w <= 256
    numbers (32 as a rule; twice that while they are sorted by cell), 100 n, 16 LISTED n in the worst case that all
    rows have just so many neighbours, and some 200 MB for each core; nothing grows with the number of pairs. Time: for
    each pair of cells that may hold near rows, the product of their sizes and w; at worst n^2 w / 2. progress: hears of
    "duplicates", by the tiles that were compared, a few ms each. workers: who compares them, None for this process: a
    worker needs 16 MB of scores and 20 KB of rows a dimension for each core, however many rows there are.
    """
    progress("duplicates", 0, None)
    matrix = np.ascontiguousarray(matrix)
    everything = np.arange(len(matrix))
    rows = np.flatnonzero(near_each(matrix, everything, everything, min_score))
    classes = equal_rows(matrix, rows)
    search = _Search(matrix, classes, min_score)
    starts, others = search.run(progress, workers)
    sizes = classes.sizes()
    class_of = np.full(len(matrix), -1, dtype=np.int64)
    class_of[classes.rows] = np.repeat(np.arange(len(sizes)), sizes)
    counts = np.zeros(len(matrix), dtype=np.int64)
    counts[classes.rows] = np.repeat(search.counts + sizes - 1, sizes)
    reach = search.reach
    searched = (float(reach.cells.sum(axis=1).mean()) if len(reach.cells) else 0.0, len(reach.cells))
    how = "exact" if reach.exact else f"recall {reach.recall:.4f} on a sample"
    logger.info("pairs within %g: %s, %.1f of %d cells searched", min_score, how, *searched)
    return NearPairs(counts, reach.recall, reach.exact, searched, classes, class_of, starts, others, search)


class _Search:
    """The comparison of classes of equal rows. Inside, classes stand in the order of their cells: at a place.

    counts: int64[c], how many rows of other classes are near each class.
    """

    def __init__(self, matrix: Float32, classes: Classes, min_score: float) -> None:
        self._matrix = matrix
        self._min_score = min_score
        self._floor = np.float32(min_score - SLACK)
        short = shortened(matrix if len(classes.firsts) == len(matrix) else matrix[classes.firsts], min_score)
        self._cells = make_cells(short) if len(short) > ONE_CELL else _one_cell(short)
        self._short = short[self._cells.rows]
        self._rows = classes.firsts[self._cells.rows]
        self._weights = classes.sizes()[self._cells.rows]
        self.reach: Reach = reach_of(matrix, classes.firsts, self._short, self._cells, min_score)
        self._place = np.empty(len(short), dtype=np.int64)
        self._place[self._cells.rows] = np.arange(len(short))
        self.counts = np.zeros(len(short), dtype=np.int64)
        self._listed: list[Rows] = []

    def run(self, progress: Progress, workers: Workers | None) -> tuple[Rows, Rows]:
        """Count, and return the lists: int64[c + 1], where each class's begins, and int64[e], the classes near it."""
        total = sum(1 for _ in self._tiles())
        own = OwnPlaces(self._short, self._matrix, self._rows)
        if workers is None:
            compared = Comparison(own, self._min_score).all(self._tiles())
        else:
            compared = compared_by(workers, self._tiles(), total, own, self._min_score)
        for done, found in enumerate(compared, start=1):
            progress("duplicates", done, total)
            if isinstance(found, Table):
                self._count_table(found)
            else:
                self._count_pairs(*found)
        listed = np.concatenate([np.empty(0, dtype=np.int64), *self._listed])
        self._listed = []
        listed = listed[self.counts[listed >> 32] <= LISTED]
        listed = self._cells.rows[listed >> 32] << 32 | self._cells.rows[listed & 0xFFFFFFFF]
        listed.sort()
        self.counts = self.counts[self._place]
        starts = np.searchsorted(listed, np.arange(len(self.counts) + 1) << 32)
        return starts, listed & 0xFFFFFFFF

    def near(self, number: int) -> Rows:
        """Return the other classes near a class, ascending, by comparing it with all that is within reach."""
        place = int(self._place[number])
        cell = int(np.searchsorted(self._cells.starts, place, side="right")) - 1
        found = []
        for run in self._runs(cell, 0):
            candidates = np.flatnonzero(self._short[run] @ self._short[place] >= self._floor) + run.start
            candidates = candidates[candidates != place]
            query = np.full(len(candidates), self._rows[place])
            found.append(candidates[near_each(self._matrix, query, self._rows[candidates], self._min_score)])
        return np.sort(self._cells.rows[np.concatenate(found)])

    def _tiles(self) -> Iterator[Tile]:
        """Yield pairs of slices of places that together hold each pair within reach once.

        Only the first tile of a row of tiles can meet the diagonal, and it starts there.
        """
        for cell in range(len(self._cells)):
            start, end = self._cells.starts[cell], self._cells.starts[cell + 1]
            runs = list(self._runs(cell, cell))
            for top in range(start, end, tiles.TILE[0]):
                above = slice(top, min(top + tiles.TILE[0], end))
                for run in runs:
                    for left in range(max(top, run.start), run.stop, tiles.TILE[1]):
                        yield above, slice(left, min(left + tiles.TILE[1], run.stop))

    def _runs(self, cell: int, first: int) -> Iterator[slice]:
        """Yield slices of the places of cells within reach of a cell, from the cell `first` on, few and long."""
        starts = self._cells.starts
        cells = np.flatnonzero(self.reach.cells[cell, first:]) + first
        for run in np.split(cells, np.flatnonzero(np.diff(cells) > 1) + 1):
            if len(run) and starts[run[0]] < starts[run[-1] + 1]:
                yield slice(int(starts[run[0]]), int(starts[run[-1] + 1]))

    def _count_pairs(self, one: Rows, other: Rows) -> None:
        np.add.at(self.counts, one, self._weights[other])
        np.add.at(self.counts, other, self._weights[one])
        self._list(one, other)
        self._list(other, one)

    def _count_table(self, table: Table) -> None:
        above, beside, near = table.above, table.beside, table.near
        # a float32 product counts exactly up to 2^24
        ones: NDArray[Any] = near.astype(np.float32 if len(self._matrix) < 1 << 24 else np.float64)
        self.counts[above] += (ones @ self._weights[beside].astype(ones.dtype)).astype(np.int64)
        self.counts[beside] += (self._weights[above].astype(ones.dtype) @ ones).astype(np.int64)
        few = np.flatnonzero(self.counts[above] <= LISTED)
        one, other = true_cells(near[few])
        self._list(few[one] + above.start, other + beside.start)
        few = np.flatnonzero(self.counts[beside] <= LISTED)
        other, one = true_cells(near[:, few])
        self._list(few[one] + beside.start, other + above.start)

    def _list(self, places: Rows, others: Rows) -> None:
        """Note who is near whom, for the places that have not been near too many so far: at most LISTED each."""
        short = self.counts[places] <= LISTED
        if short.any():
            self._listed.append(places[short] << 32 | others[short])


def _one_cell(short: Float32) -> Cells:
    return Cells(np.zeros((1, short.shape[1]), dtype=np.float32), np.arange(len(short)), np.array([0, len(short)]))
