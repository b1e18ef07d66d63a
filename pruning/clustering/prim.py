"""Prim's algorithm: one of the minimum spanning trees of a graph, chosen as the dense way of hdbscan chooses it.

Where a row's core distance is the weight of several of its edges, which is common, which of them is taken decides
what the row is clustered with. So ties are broken as hdbscan does: from row 0 on, the lowest of the rows that are
nearest is next, by the edge that was seen first. Copies of a row are as far as it is from all others, and their core
distance apart: they are reached one after the other, but their edges are looked at once.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from ...indexing.identical import Classes

Rows = NDArray[np.int64]
Weights = NDArray[np.float64]


def prim(low: Rows, high: Rows, weights: Weights, cores: Weights, classes: Classes) -> tuple[Rows, Rows, Weights]:
    """Return the n - 1 edges of the tree of n rows in the order in which they are taken: from, to, weight.

    low, high, weights: int64[m], int64[m], float64[m], a connected graph of the c classes of equal rows, without
    parallel edges; cores: float64[c], how far members of a class count as apart, no more than its lightest edge.
    """
    others, heavy, starts = _adjacency(low, high, weights, len(cores))
    apart, members, bounds = cores.tolist(), classes.rows.tolist(), classes.starts.tolist()
    upcoming = bounds[:-1]  # where in `members` the first row of a class that is not reached stands
    nearest, source = [np.inf] * len(apart), [0] * len(apart)
    taken: list[tuple[int, int, float]] = []
    heap = [(0.0, 0, 0)]
    while heap:
        weight, row, own = heappop(heap)
        if weight > nearest[own] or row != members[upcoming[own]]:
            continue
        taken.append((source[own], row, weight))
        is_first = upcoming[own] == bounds[own]
        upcoming[own] += 1
        if apart[own] < nearest[own]:
            nearest[own], source[own] = apart[own], row
        if upcoming[own] < bounds[own + 1]:
            heappush(heap, (nearest[own], members[upcoming[own]], own))
        else:
            nearest[own] = -1.0  # below any weight: all are reached
        if is_first:
            for at in range(starts[own], starts[own + 1]):
                other = others[at]
                if heavy[at] < nearest[other]:
                    nearest[other], source[other] = heavy[at], row
                    heappush(heap, (heavy[at], members[upcoming[other]], other))
    columns = zip(*taken[1:], strict=True) if len(taken) > 1 else ((), (), ())
    one, new, weight_of = columns
    return np.array(one, dtype=np.int64), np.array(new, dtype=np.int64), np.array(weight_of, dtype=np.float64)


def _adjacency(low: Rows, high: Rows, weights: Weights, n: int) -> tuple[list[int], list[float], list[int]]:
    """Return the neighbours of all nodes, the weights of the edges to them, and where in both a node's begin."""
    nodes = np.concatenate([low, high])
    by_node = np.argsort(nodes, kind="stable")
    starts = np.searchsorted(nodes[by_node], np.arange(n + 1))
    return np.concatenate([high, low])[by_node].tolist(), np.tile(weights, 2)[by_node].tolist(), starts.tolist()
