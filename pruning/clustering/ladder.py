"""The heaviest edge on the path between any two rows of a spanning tree, as the highest step between two places.

Joining the edges lightest first, and writing the members of two components one after the other whenever an edge joins
them, orders the rows so that every component that ever was is a run of places. The heaviest edge between two rows is
then the highest of the steps between their places (a range maximum), and for two blocks of rows it is the maximum of
one number per row, one per column and a constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Ladder:
    """order: int64[n], the rows; steps: float64[n - 1], the heaviest edge between the rows at places i and i + 1."""

    order: Rows
    steps: Weights

    def places(self) -> Rows:
        """Return int64[n]: the place of each row."""
        found = np.empty(len(self.order), dtype=np.int64)
        found[self.order] = np.arange(len(self.order))
        return found

    def between(self, left: Rows, right: Rows) -> Weights:
        """Return float64[p]: the heaviest edge on the path from row left[i] to row right[i], two different rows.

        Time O(n log n + p), by a table of the maxima of all runs whose length is a power of two.
        """
        places = self.places()
        low, high = np.minimum(places[left], places[right]), np.maximum(places[left], places[right])
        levels = np.frexp(high - low)[1] - 1  # exact: the whole part of the binary logarithm
        result, table = np.empty(len(left)), self.steps
        for level in range(int(levels.max(initial=-1)) + 1):
            here = np.flatnonzero(levels == level)
            result[here] = np.maximum(table[low[here]], table[high[here] - (1 << level)])
            table = np.maximum(table[: -(1 << level)], table[1 << level :])
        return result


def ladder_of(low: Rows, high: Rows, weights: Weights) -> Ladder:
    """Return the ladder of a spanning tree: edges int64[n - 1], int64[n - 1], and their weights."""
    n = len(weights) + 1
    leader, last, after = list(range(n)), list(range(n)), [-1] * n
    steps = np.zeros(n)

    def component(row: int) -> int:
        while leader[row] != row:
            leader[row] = row = leader[leader[row]]
        return row

    by_weight = np.argsort(weights, kind="stable")
    for one, other, weight in zip(
        low[by_weight].tolist(), high[by_weight].tolist(), weights[by_weight].tolist(), strict=True
    ):
        first, second = component(one), component(other)
        after[last[first]] = second
        steps[last[first]] = weight
        leader[second], last[first] = first, last[second]
    order = np.empty(n, dtype=np.int64)
    row = component(0)
    for place in range(n):
        order[place] = row
        row = after[row]
    return Ladder(order, steps[order[:-1]])
