"""An approximate minimum spanning tree of mutual reachability: from an approximate kNN graph, joined through cells.

Boruvka's rounds. Of every component the lightest known edge that leaves it is taken at once where no edge beyond the
lists of its rows can be lighter: such an edge of row p weighs at least r_p, the chord to the last on p's list. Where
one could be, only the rows with r_p below the lightest known edge are searched, and only in the cells around them
(outside.py); the largest component never is. Both the lists and the cells can miss the very nearest row: hence
approximate. What a row has found is its bound in later rounds.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...indexing.cells import Cells, make_cells
from ...indexing.neighbours.chords import squared_chords
from ...indexing.neighbours.graph_search import graph_of
from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.shards import Workers
from .outside import Outside

Rows = NDArray[np.int64]

NEIGHBOURS = 15
"""Length of the lists at least; longer ones leave fewer components to join, and cost more to find."""

RECALL = 0.99
PROBES = 8

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Edges:
    """Undirected edges between rows: `low` < `high` int64[e], and their squared weights float32[e]."""

    low: Rows
    high: Rows
    squared: Float32

    def __len__(self) -> int:
        return len(self.low)

    def take(self, which: NDArray[np.generic]) -> _Edges:
        """Return the edges at these places, or where a mask is true."""
        return _Edges(self.low[which], self.high[which], self.squared[which])

    def sorted(self) -> _Edges:
        """Return the edges by weight, then by rows: an order in which no two different ones are equal."""
        return self.take(np.lexsort((self.high, self.low, self.squared)))


def _joined(*parts: _Edges) -> _Edges:
    """Return the edges of all parts."""
    low, high, squared = ([getattr(part, name) for part in parts] for name in ("low", "high", "squared"))
    return _Edges(np.concatenate(low), np.concatenate(high), np.concatenate(squared))


@dataclass(frozen=True)
class Lists:
    """Lists of neighbours of n rows, and where to look beyond them.

    ids: int64[n, k], -1 behind the end; recall: the share of the k nearest that is on the lists, 1.0 where they are
    exact; cells: of the rows; probes: into how many of them a row looks that has to be joined.
    """

    ids: Rows
    recall: float
    cells: Cells
    probes: int


def near_lists(
    matrix: Float32,
    min_samples: int,
    *,
    seed: int = 0,
    progress: Progress = silent,
    workers: Workers | None = None,
) -> Lists:
    """Return lists of float32[n, d] (L2-normalised rows, n >= 2) from a graph of recall RECALL, as it was measured.

    workers: who searches, None for this process.
    """
    k = list_length(len(matrix), min_samples)
    graph = graph_of(matrix, k, recall=RECALL, seed=seed, progress=progress, workers=workers)
    return Lists(graph.ids, graph.recall, graph.cells or make_cells(matrix, seed=seed), max(PROBES, graph.effort))


def list_length(n: int, min_samples: int) -> int:
    """Return how many neighbours of each of n rows are listed."""
    return min(max(NEIGHBOURS, min_samples), n - 1)


def approximate_tree(
    matrix: Float32, min_samples: int, *, seed: int = 0, lists: Lists | None = None, progress: Progress = silent
) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Return the n - 1 edges of a spanning tree of float32[n, d] (L2-normalised rows, n >= 1): int64, int64 and their
    mutual reachability float64 (chords), lightest first.

    min_samples counts other rows; where there are fewer, it is the farthest. A zero row is at right angles to all.
    lists: None for `near_lists`. The tree's weight is at least that of the minimum spanning tree, and near it. Memory:
    the matrix, the kNN graph, cells.
    """
    if len(matrix) < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64)
    matrix = np.ascontiguousarray(matrix)
    lists = lists or near_lists(matrix, min_samples, seed=seed, progress=progress)
    return tree_of_lists(matrix, lists.ids, min_samples, (lists.cells, lists.probes), progress)


def tree_of_lists(
    matrix: Float32, lists: Rows, min_samples: int, cells: tuple[Cells, int], progress: Progress
) -> tuple[Rows, Rows, NDArray[np.float64]]:
    """Return what `approximate_tree` returns, from lists of neighbours int64[n, k], in any order.

    cells: of the rows, and into how many of them a row looks that has to be joined.
    """
    squared = distances(matrix, np.arange(len(matrix)), lists)
    ascending = np.sort(squared, axis=1)
    cores = ascending[:, min(min_samples, lists.shape[1]) - 1].copy()
    search = Outside(matrix, cores, *cells)
    tree = _Forest(search, ascending[:, -1].copy(), _listed(lists, squared, cores)).join(progress).sorted()
    return tree.low, tree.high, np.sqrt(tree.squared.astype(np.float64))


def distances(matrix: Float32, rows: Rows, others: Rows) -> Float32:
    """Return the squared chords float32[r, m] of `rows` int64[r] to `others` int64[r, m]: 2 to and from a zero row."""
    squared = squared_chords(matrix, rows, others)
    blank = np.asarray(~matrix.any(axis=1))
    if blank.any():
        squared[(blank[rows][:, None] | blank[others]) & (others >= 0)] = 2
    return squared


def _listed(lists: Rows, squared: Float32, cores: Float32) -> _Edges:
    """Return the minimum spanning forest of the lists' edges by mutual reachability."""
    n, k = lists.shape
    row, other, weight = np.repeat(np.arange(n), k), lists.ravel(), squared.ravel()
    there = other >= 0
    row, other, weight = row[there], other[there], weight[there]
    weight = np.maximum(weight, np.maximum(cores[row], cores[other]))
    return _forest(_Edges(np.minimum(row, other), np.maximum(row, other), weight), n)


def _forest(edges: _Edges, n: int) -> _Edges:
    """Return the minimum spanning forest of edges between n rows, by weight, then by rows.

    The same edge may be given twice, with one weight.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    first = np.unique(edges.low * n + edges.high, return_index=True)[1]
    edges = edges.take(first)
    order = np.argsort(edges.squared, kind="stable")  # rows ascend already
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)  # 0 would be no edge
    tree = minimum_spanning_tree(csr_matrix((ranks, (edges.low, edges.high)), shape=(n, n)))
    return edges.take(order[np.sort(tree.data.astype(np.int64) - 1)])


class _Forest:
    """Components that grow together. known: edges not taken yet, sorted; bounds: float32[n], no unknown edge of a row
    to another component is lighter (squared); component: int64[n]; taken: the edges of the tree so far.
    """

    def __init__(self, search: Outside, bounds: Float32, known: _Edges) -> None:
        self._search = search
        self._bounds = bounds
        self._known = known
        self._component = np.arange(len(bounds))
        self._count = len(bounds)
        self._taken: list[_Edges] = []

    def join(self, progress: Progress) -> _Edges:
        """Return the n - 1 edges of the tree."""
        searched = 0
        while self._count > 1:
            best, lightest = self._lightest()
            lowest = np.full(self._count, np.inf, np.float32)
            np.minimum.at(lowest, self._component, self._bounds)
            safe = np.flatnonzero(lightest <= lowest)
            if len(safe):
                self._take(self._known.take(np.unique(best[safe])))
            else:
                searched += self._look(lightest)
            progress("joining", len(self._bounds) - self._count, len(self._bounds) - 1)
        logger.info("joined %d rows, of which %d times one was searched", len(self._bounds), searched)
        return _joined(*self._taken)

    def _lightest(self) -> tuple[Rows, Float32]:
        """Return for each component its lightest known edge int64[c] (len(known): none) and its squared weight
        float32[c].
        """
        low, high = self._component[self._known.low], self._component[self._known.high]
        crossing = low != high
        self._known = self._known.take(crossing)
        best = np.full(self._count, len(self._known))
        at = np.arange(len(self._known))
        np.minimum.at(best, low[crossing], at)
        np.minimum.at(best, high[crossing], at)
        return best, np.append(self._known.squared, np.float32(np.inf))[best]

    def _take(self, edges: _Edges) -> None:
        """Join the components at both ends of each edge."""
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import connected_components

        ends = self._component[edges.low], self._component[edges.high]
        graph = csr_matrix((np.ones(len(edges), np.int8), ends), shape=(self._count, self._count))
        self._count, merged = connected_components(graph, directed=False)
        self._component = merged[self._component].astype(np.int64)
        self._taken.append(edges)

    def _look(self, lightest: Float32) -> int:
        """Search the rows that may have a lighter edge, but for those of the largest component; return how many."""
        largest = np.bincount(self._component).argmax()
        rows = np.flatnonzero((self._bounds < lightest[self._component]) & (self._component != largest))
        found = self._search.nearest(rows, self._component)
        squared = distances(self._search.matrix, rows, found[:, None])[:, 0]
        cores = self._search.cores
        squared = np.maximum(squared, np.maximum(cores[rows], cores[found]))
        self._bounds[rows] = np.maximum(squared, self._bounds[rows])
        new = _Edges(np.minimum(rows, found), np.maximum(rows, found), squared)
        self._known = _joined(self._known, new).sorted()
        return len(rows)
