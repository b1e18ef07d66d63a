"""Star groups: every member is within a score of one representative, so a chain of small steps never joins two ends.

Greedy: the row with the most neighbours takes all of them, then the next row that is still free, and so on. A row
becomes a representative only while no earlier representative has taken it, hence no two representatives (rows without
a group count as their own) are within the score of each other: what remains after collapsing the groups has no
duplicates left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .near import BLOCK_CELLS, count_near, within

Rows = NDArray[np.int64]
Confirm = Callable[[int, Rows], Rows]


def star_groups(
    matrix: Float32, min_score: float, prefer: Rows | None = None, confirm: Confirm | None = None
) -> list[Rows]:
    """Return the star groups of float32[n, d] (L2-normalised rows): two rows or more each, the representative first.

    Rows with the most others within `min_score` (cosine) come first as representatives, then those with the lowest
    `prefer` (int64[n]; None: all alike), then the first row. Members are in row order. Memory is O(n) and a block of
    scores.

    confirm: asked for each representative which of the rows near it, most similar first, belong to it; they come in the
    order it gives. The counts are of candidates then, so that `prefer` goes before them.
    """
    counts = count_near(matrix, min_score)
    rows = np.flatnonzero(counts)
    preference = (np.zeros(len(matrix), dtype=np.int64) if prefer is None else prefer)[rows]
    keys = (-counts[rows], preference) if confirm else (preference, -counts[rows])
    order = np.lexsort((rows, *keys))
    near = _Neighbours(matrix[rows], order, min_score)
    if confirm is None:
        return [rows[group] for group in greedy_stars(order, near)]

    def confirmed(row: int, free: NDArray[np.bool_]) -> Rows:
        candidates = rows[near(row, free)]
        nearest_first = np.lexsort((candidates, -(matrix[candidates] @ matrix[rows[row]])))
        return np.searchsorted(rows, confirm(int(rows[row]), candidates[nearest_first]))

    return [rows[group] for group in greedy_stars(order, confirmed)]


def greedy_stars(order: Iterable[int], neighbours: Callable[[int, NDArray[np.bool_]], Rows]) -> list[Rows]:
    """Return star groups over rows 0..n-1 for any notion of nearness.

    order: all n rows, best representative first; neighbours(row, free: bool[n]): the rows among the `free` that
    belong to `row`, in the order to list them. It is asked once per representative, so it may be as dear as aligning
    waveforms.
    """
    order = np.asarray(order, dtype=np.int64)
    free = np.ones(len(order), dtype=np.bool_)
    groups = []
    for row in order:
        if not free[row]:
            continue
        free[row] = False
        members = neighbours(int(row), free)
        free[members] = False
        if len(members):
            groups.append(np.concatenate([[row], members]))
    return groups


class _Neighbours:
    """Rows of a matrix within a score of a row, computed for a block of the next free rows in `order` at a time."""

    def __init__(self, matrix: Float32, order: Rows, min_score: float) -> None:
        self._matrix = matrix
        self._order = order
        self._min_score = min_score
        self._place = np.empty(len(order), dtype=np.int64)
        self._place[order] = np.arange(len(order))
        self._height = max(1, BLOCK_CELLS // max(1, len(order)))
        self._near: dict[int, NDArray[np.bool_]] = {}

    def __call__(self, row: int, free: NDArray[np.bool_]) -> Rows:
        if row not in self._near:
            coming = self._order[self._place[row] + 1 :]
            rows = np.concatenate([[row], coming[free[coming]][: self._height - 1]])
            near = within(self._matrix[rows], self._matrix, self._min_score)
            self._near = dict(zip(rows.tolist(), near, strict=True))
        return np.flatnonzero(self._near[row] & free)
