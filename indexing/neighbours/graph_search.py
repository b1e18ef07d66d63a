"""The kNN graph of a matrix: for each row its k nearest others, exactly, or up to a recall that is measured.

Identical rows are folded first (unfold.py). The approximate search looks for the neighbours of a row in the cells
nearest to it. How many cells that takes is not guessed: the true neighbours of a sample of rows say how far down the
row's order of cells each of them lies, hence what share any number of cells would find. Other rows, held out, then
measure what was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.shards import Workers
from ..cells import Cells, make_cells
from ..identical import Classes, equal_rows
from .nearest import CellFinder, ExactFinder, Finder
from .spread import spread
from .unfold import class_of, first_members, unfold

Rows = NDArray[np.int64]

SMALL_ROWS = 20_000
"""Up to so many distinct rows, comparing all with all takes seconds: no cells are made."""

SAMPLE_ROWS = 500
"""Rows with known neighbours that choose the number of cells, and as many others that measure the recall."""

MARGIN = 0.25
"""The sample is asked for this share of what the recall asked may miss less, for it is only a sample."""

_UNFOLDED_ROWS = 32_768

WORTHWHILE = 0.5
"""Cells that hold more than this share of all rows are no shortcut: then all are compared with all."""


@dataclass(frozen=True)
class Lists:
    """A block of the graph: the neighbours int64[r, k] of `rows` (int64[r]), nearest first, with cosines float32[r, k].

    Where a row has fewer than k others the rest is -1, with score -inf.
    """

    rows: Rows
    ids: Rows
    scores: Float32


@dataclass(frozen=True)
class Neighbours:
    """A whole graph: `ids` int64[n, k] and `scores` float32[n, k] as in Lists, for rows 0..n-1.

    exact: nothing nearer was passed over; recalls: float64[k], for each j <= k the share of the j nearest that is among
    the first j, measured on sampled rows (ones if exact); effort: cells looked into for a row, 0 if exact; cells: what
    was looked into, None if exact or if they are of distinct rows alone.
    """

    ids: Rows
    scores: Float32
    exact: bool
    recalls: NDArray[np.float64]
    effort: int
    cells: Cells | None = None

    @property
    def recall(self) -> float:
        """The share of the k nearest that was found."""
        return float(self.recalls[-1])


@dataclass(frozen=True)
class GraphSearch:
    """A search of which everything is decided but the lists themselves.

    sample: int64[s], rows whose true lists have the cosines `truth` float32[s, k]; none where the search is exact.
    """

    classes: Classes
    finder: Finder
    k: int
    sample: Rows
    truth: Float32

    def blocks(self, done: NDArray[np.bool_]) -> Iterator[Lists]:
        """Yield the lists of all rows that are not `done` (bool[n]), block by block."""
        order = self.finder.order()
        pending = order[~done[self.classes.firsts[order]]]
        for start in range(0, len(pending), self.finder.block_rows):
            block = pending[start : start + self.finder.block_rows]
            near, squared = nearest_classes(self.finder, block, self.k)
            places, rows = first_members(self.classes, block, len(done))
            for first in range(0, len(rows), _UNFOLDED_ROWS):
                at = slice(first, first + _UNFOLDED_ROWS)
                yield lists_of(self.classes, rows[at], near[places[at]], squared[places[at]], self.k)

    @property
    def cells(self) -> Cells | None:
        """The partition of all rows that is searched; None where it is of distinct rows alone, or there is none."""
        folded = len(self.classes.firsts) < len(self.classes.rows)
        return self.finder.cells if isinstance(self.finder, CellFinder) and not folded else None

    def recalls(self, scores: Float32) -> NDArray[np.float64]:
        """Return the recall float64[k] of a graph for each j <= k, counted by score so that ties are no misses.

        scores: float32[n, k], as in Neighbours.
        """
        if self.finder.exact:
            return np.ones(self.k)
        found = scores[self.sample]
        shares = [(found[:, : j + 1] >= self.truth[:, j : j + 1]).mean() for j in range(self.k)]
        return np.array(shares, dtype=np.float64)


def graph_of(
    matrix: Float32,
    k: int = 15,
    *,
    exact: bool = False,
    recall: float = 0.99,
    seed: int = 0,
    device: str = "auto",
    progress: Progress = silent,
    workers: Workers | None = None,
) -> Neighbours:
    """Return the kNN graph of float32[n, d] by cosine; rows L2-normalised. See `prepare` for the options.

    Memory: the matrix, the lists, and blocks of bounded size; the distinct rows once more if there are copies.
    """
    search = prepare(matrix, k, exact=exact, recall=recall, seed=seed, device=device, workers=workers)
    n = len(matrix)
    ids, scores = np.full((n, k), -1, dtype=np.int64), np.full((n, k), -np.inf, dtype=np.float32)
    done = 0
    for lists in search.blocks(np.zeros(n, dtype=np.bool_)):
        ids[lists.rows], scores[lists.rows] = lists.ids, lists.scores
        done += len(lists.rows)
        progress("graph", done, n)
    recalls = search.recalls(scores)
    return Neighbours(ids, scores, search.finder.exact, recalls, search.finder.effort, search.cells)


def prepare(
    matrix: Float32,
    k: int,
    *,
    exact: bool = False,
    recall: float = 0.99,
    seed: int = 0,
    device: str = "auto",
    workers: Workers | None = None,
) -> GraphSearch:
    """Return the search for the kNN graph of float32[n, d].

    exact: compare all with all. recall: else look into as many cells as find this share of the neighbours of a sample
    of rows; where comparing all costs no more (few rows, data without structure, a GPU) the graph is exact all the
    same. device: "auto", "cpu" or "cuda"; workers: who searches, on their processors, None for this process. Raises
    UsageError for a k or recall out of range.
    """
    from ..index.device import resolve_device

    check_wish(k, recall)
    classes = equal_rows(matrix, np.arange(len(matrix)))
    distinct = matrix if len(classes.firsts) == len(matrix) else matrix[classes.firsts]
    blank = np.asarray(~distinct.any(axis=1))
    everything = ExactFinder(distinct, blank, "cpu" if workers else resolve_device(device))
    none = GraphSearch(classes, everything, k, np.empty(0, np.int64), np.empty((0, k), np.float32))
    if exact or everything.device != "cpu" or len(distinct) <= SMALL_ROWS:
        search = none
    else:
        search = _with_cells(none, everything, recall, seed)
    return search if workers is None else replace(search, finder=spread(search.finder, workers))


def check_wish(k: int, recall: float) -> None:
    """Raise UsageError unless there can be lists of k with this recall."""
    if k < 1:
        raise UsageError(f"a graph of k = {k} neighbours has no lists; ask for k of 1 or more")
    if not 0 < recall <= 1:
        raise UsageError(
            f"a recall of {recall} is not within 0 (excluded) and 1; ask for 0.99, say, or for exact lists"
        )


def _with_cells(exact: GraphSearch, everything: ExactFinder, recall: float, seed: int) -> GraphSearch:
    """Return the search through as few cells as the recall allows, or `exact` where they would hold most rows."""
    matrix, classes, k = everything.matrix, exact.classes, exact.k
    cells = make_cells(matrix, seed=seed)
    random = np.random.default_rng(seed)
    tuning = random.choice(len(matrix), min(SAMPLE_ROWS, len(matrix)), replace=False)
    sample = random.choice(len(classes.rows), min(SAMPLE_ROWS, len(classes.rows)), replace=False)
    folded = class_of(classes)[sample]
    near, squared = nearest_classes(everything, folded, k)
    truth = lists_of(classes, sample, near, squared, k).scores
    order = cell_order(cells, matrix[tuning])
    probes = max(
        probes_for(cell_ranks(cells, order, everything.nearest(tuning, k)[0]), recall + MARGIN * (1 - recall)),
        probes_for(cell_ranks(cells, cell_order(cells, matrix[folded]), near[:, 1:]), recall),
    )
    if cells.sizes[order[:, :probes]].sum(axis=1).mean() > WORTHWHILE * len(matrix):
        return exact
    return GraphSearch(classes, CellFinder(matrix, everything.blank, cells, probes), k, sample, truth)


def nearest_classes(finder: Finder, which: Rows, k: int) -> tuple[Rows, Float32]:
    """Return int64[w, m] and float32[w, m]: each of the classes `which` (int64[w]) and the up to k nearest others, and
    how far they are (squared chords).
    """
    near, squared = finder.nearest(which, k)
    own = 2 * finder.blank[which].astype(np.float32)  # two zero rows are not alike
    return np.column_stack([which, near]), np.column_stack([own, squared])


def lists_of(classes: Classes, rows: Rows, near: Rows, squared: Float32, k: int) -> Lists:
    """Return the lists of `rows`; near, squared: as `nearest_classes` has them, for the class of each row."""
    ids, squared = unfold(classes, rows, near, squared, k)
    return Lists(rows, ids, np.asarray(1 - squared / 2, dtype=np.float32))


def cell_order(cells: Cells, queries: Float32) -> Rows:
    """Return int64[q, c]: the cells in order of their centroids' distance from each of `queries` float32[q, d]."""
    squares = np.einsum("cd,cd->c", cells.centroids, cells.centroids)
    return np.argsort(squares - 2 * (queries @ cells.centroids.T), axis=1)


def cell_ranks(cells: Cells, order: Rows, near: Rows) -> Rows:
    """Return int64[q, m]: at which place of a query's `order` int64[q, c] the cell of each of its neighbours stands.

    near: int64[q, m]. A search of p cells finds the neighbours of rank below p.
    """
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(len(cells)), order.shape), axis=1)
    return np.take_along_axis(ranks, cells.cell_of()[near], axis=1)


def probes_for(ranks: Rows, recall: float) -> int:
    """Return in how many cells to look to find a share `recall` of the neighbours with these ranks."""
    return int(np.sort(ranks, axis=None)[max(0, int(np.ceil(recall * ranks.size)) - 1)]) + 1
