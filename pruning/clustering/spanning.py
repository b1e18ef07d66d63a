"""The exact minimum spanning tree of the mutual reachability graph (Campello, Moulavi and Sander, 2013).

Mutual reachability of two rows is the largest of their distance and of both core distances, a row's core distance the
distance to its min_samples-th other row. An approximate tree (bound.py) is found first; it bounds from above what
any edge of a minimum tree can weigh, so that one pass over the pairs leaves few of them (candidates.py). Among these
are all that can be in a minimum tree and all that decide core distances: what follows is exact, whatever the
approximate tree was like. Distances of candidates are computed from differences in float64, and ties broken by row,
so that the result depends neither on threads nor on the approximate one.
"""

from __future__ import annotations

import numpy as np

from ...audio.cores import core_count
from ...indexing.identical import equal_rows
from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.pipeline import in_order
from ...store.shards import Workers
from .bound import bounding_tree
from .candidates import candidates
from .cores import core_distances
from .ladder import Rows, Weights, ladder_of
from .pairs import Pairs
from .prim import prim

_BLOCK_VALUES = 1 << 16
"""Differences held at once: 512 KB as float64, so that they stay in the processor's cache."""

Edges = tuple[Rows, Rows, Weights]
"""Edges: one end int64[m], the other int64[m], and the weight float64[m]."""


def spanning_tree(
    matrix: Float32,
    min_samples: int,
    *,
    seed: int = 0,
    progress: Progress = silent,
    workers: Workers | None = None,
) -> Edges:
    """Return the n - 1 edges of the minimum spanning tree of float32[n, d] (L2-normalised rows, n >= 2).

    min_samples counts other rows; where there are fewer, it is the farthest. A zero row is at right angles to all
    but other zero rows, and equal to these. Of several trees of equal weight it is hdbscan's (prim.py).
    workers: who makes these products, None for this process.
    Time: half the products of all rows with all, and an approximate tree; memory: O(n (d + min_samples)).
    """
    matrix = _apart(matrix)
    classes = equal_rows(matrix, np.arange(len(matrix)))
    distinct = matrix if len(classes.firsts) == len(matrix) else matrix[classes.firsts]
    few, copies = min(min_samples, len(matrix) - 1), classes.sizes()
    if len(distinct) == 1:
        none = np.empty(0, dtype=np.int64)
        return prim(none, none, np.empty(0), np.zeros(1), classes)
    tree = bounding_tree(distinct, few, seed=seed, progress=progress)
    pairs = candidates(distinct, tree, few, progress, workers)
    distances = _distances(distinct, pairs, copies, few)
    cores = core_distances(pairs.low, pairs.high, distances, copies, few)
    weights = np.maximum(distances, np.maximum(cores[pairs.low], cores[pairs.high]))
    return prim(*minimum_edges(pairs.low, pairs.high, weights, len(distinct)), cores, classes)


def _distances(distinct: Float32, pairs: Pairs, copies: Rows, min_samples: int) -> Weights:
    """Return float64[p]: the distances of pairs, exact wherever they can be a core distance or the weight of an edge.

    A pair well within the core distance of one end, and well within or beyond that of the other, weighs a core distance
    of others, and counts as within or beyond whatever it is exactly.
    """
    least, most = (np.sqrt(np.maximum(squared, 0), dtype=np.float64) for squared in (pairs.least, pairs.most))
    lows, highs = (core_distances(pairs.low, pairs.high, bound, copies, min_samples) for bound in (least, most))
    at_low, at_high = ((least <= highs[ends]) & (most >= lows[ends]) for ends in (pairs.low, pairs.high))
    unsure = np.flatnonzero(at_low | at_high | (most >= np.maximum(lows[pairs.low], lows[pairs.high])))
    least[unsure] = chords(distinct, pairs.low[unsure], pairs.high[unsure])
    return least


def chords(matrix: Float32, low: Rows, high: Rows) -> Weights:
    """Return float64[p]: the Euclidean distances of rows low[i] and high[i], from differences in float64.

    The squares of a pair are summed one after the other, as scipy and hdbscan do: distances that tie but for rounding
    then come in the same order.
    """
    squared = np.empty(len(low))
    step = max(1, _BLOCK_VALUES // matrix.shape[1])

    def fill(start: int) -> None:
        at = slice(start, start + step)
        differences = np.subtract(matrix[low[at]].T, matrix[high[at]].T, dtype=np.float64, order="C")
        squared[at] = np.square(differences, out=differences).sum(axis=0)

    for _ in in_order(fill, range(0, len(low), step), ahead=2 * core_count()):
        pass
    return np.sqrt(squared)


def minimum_edges(low: Rows, high: Rows, weights: Weights, n: int) -> Edges:
    """Return the edges of all minimum spanning trees of a connected graph of n >= 1 rows: of one, and their like.

    An edge is in one of them unless the path between its ends has only lighter edges.
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    if n == 1:
        return low, high, weights
    order = np.argsort(weights, kind="stable")
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)  # 0 would be no edge
    tree = minimum_spanning_tree(csr_matrix((ranks, (low, high)), shape=(n, n))).data.astype(np.int64) - 1
    ladder = ladder_of(low[order[tree]], high[order[tree]], weights[order[tree]])
    among = np.flatnonzero(weights <= ladder.between(low, high))
    return low[among], high[among], weights[among]


def _apart(matrix: Float32) -> Float32:
    """Return the matrix with zero rows, if there are any, put on an axis of their own: at right angles to all."""
    blank = np.asarray(~matrix.any(axis=1))
    return np.column_stack([matrix, blank.astype(np.float32)]) if blank.any() else matrix
