"""Prim's algorithm: one of the minimum spanning trees of a graph, chosen as the dense way of hdbscan chooses it.

Where a row's core distance is the weight of several of its edges, which is common, which of them is taken decides
what the row is clustered with. So ties are broken as hdbscan does: from row 0 on, the lowest of the rows that are
nearest is next, by the edge that was seen first.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Weights = NDArray[np.float64]


def prim(low: Rows, high: Rows, weights: Weights, n: int) -> tuple[Rows, Rows, Weights]:
    """Return the n - 1 edges of the tree in the order in which they are taken: from a row, to a new one, the weight.

    low, high, weights: int64[m], int64[m], float64[m], a connected graph of n rows without parallel edges.
    """
    rows = np.concatenate([low, high])
    by_row = np.argsort(rows, kind="stable")
    others = np.concatenate([high, low])[by_row].tolist()
    heavy = np.concatenate([weights, weights])[by_row].tolist()
    starts = np.searchsorted(rows[by_row], np.arange(n + 1)).tolist()
    nearest, source = [np.inf] * n, [0] * n
    order: list[int] = []
    reached: list[float] = []
    heap = [(0.0, 0)]
    while heap:
        weight, row = heappop(heap)
        if weight > nearest[row]:
            continue
        nearest[row] = -1.0  # below any weight: reached
        order.append(row)
        reached.append(weight)
        for at in range(starts[row], starts[row + 1]):
            other = others[at]
            if heavy[at] < nearest[other]:
                nearest[other], source[other] = heavy[at], row
                heappush(heap, (heavy[at], other))
    new = np.array(order[1:], dtype=np.int64)
    return np.array(source, dtype=np.int64)[new], new, np.array(reached[1:], dtype=np.float64)
