"""All pairs of rows that are no farther apart than the heaviest edge between them in a spanning tree.

No other pair can be an edge of a minimum spanning tree of mutual reachability: it would be the heaviest of the cycle
that it closes. Nor can it be within a core distance, since no edge of a row weighs less than its core distance. One
pass over half of all pairs finds them: in the order of the tree's ladder, the bound of a tile of pairs is the maximum
of a number per row, one per column and a constant, and compares with a matrix product as fast as that is made.

The nearer the tree is to the minimum, the fewer pairs there are: about min_samples for each row at best. Memory grows
with their number.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...indexing.near import true_cells
from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.pipeline import core_count, in_order
from .ladder import Ladder, Rows, Weights

STRIP, WIDTH = 1024, 4096
"""Rows and columns of a tile of scores: 16 MB for each core."""

SLACK = 4e-6
"""Float32 inner products of unit rows are off by less."""

FINE_SLACK = 1e-12
"""The same in float64."""

MARGIN = 2e-5
"""Squared bounds are raised by this share: they and the approximate tree's weights are rounded to float32."""

CROWDED = 64
"""Where more than one pair of a tile in so many is a candidate, the tile is computed again in float64."""


@dataclass(frozen=True)
class Tile:
    """Pairs of places: `above` with `beside`; the bound of a pair is the maximum of rises[i] and falls[j], squared
    chords float32. On the diagonal (`square`) it is a matrix of its own, and only pairs above it count.
    """

    above: slice
    beside: slice
    rises: Float32
    falls: Float32
    square: Float32 | None = None


def candidates(matrix: Float32, ladder: Ladder, progress: Progress = silent) -> tuple[Rows, Rows]:
    """Return int64[p], int64[p]: all pairs of rows (once each) no farther apart than the ladder has it between them.

    matrix: float32[n, d], distinct unit rows. Pairs farther by a rounding error may be among them.
    """
    ordered = matrix[ladder.order]
    scan = _Scan(ordered)
    found: list[tuple[Rows, Rows]] = []
    with threadpool_limits(limits=1, user_api="blas"):
        for tile, pairs in in_order(scan.compare, tiles(ladder.steps), ahead=2 * core_count()):
            found.append(pairs)
            progress("comparing", tile.above.stop, len(matrix))
    none = np.empty(0, dtype=np.int64)
    left = np.concatenate([none, *(pair[0] for pair in found)])
    right = np.concatenate([none, *(pair[1] for pair in found)])
    return ladder.order[left], ladder.order[right]


def tiles(steps: Weights) -> Iterator[Tile]:
    """Yield tiles that together hold each pair of the places 0..n-1 once; steps: float64[n - 1]."""
    squared = steps**2 * (1 + MARGIN)
    n = len(steps) + 1
    for top in range(0, n, STRIP):
        end = min(top + STRIP, n)
        above = slice(top, end)
        inner = squared[top : end - 1]
        yield Tile(above, above, _ZERO, _ZERO, _inside(inner))
        if end == n:
            continue
        rises = np.zeros(end - top, dtype=np.float32)
        rises[:-1] = np.maximum.accumulate(inner[::-1])[::-1]
        falls = np.maximum.accumulate(squared[end - 1 :]).astype(np.float32)  # of places end, end + 1, ...
        for left in range(end, n, WIDTH):
            beside = slice(left, min(left + WIDTH, n))
            yield Tile(above, beside, rises, falls[left - end : beside.stop - end])


_ZERO = np.zeros(1, dtype=np.float32)


def _inside(squared: Weights) -> Float32:
    """Return float32[m, m]: the highest of m - 1 steps between each place and each later one, -1 elsewhere."""
    m = len(squared) + 1
    table = np.full((m, m), -1, dtype=np.float32)
    table[:, 1:] = np.where(np.tri(m, m - 1, -1, dtype=np.bool_), np.float32(-1), squared.astype(np.float32))
    return np.maximum.accumulate(table, axis=1)


class _Scan:
    """Compares tiles of rows in the order of the ladder, in any number of threads."""

    def __init__(self, ordered: Float32) -> None:
        self._ordered = ordered
        self._scratch = threading.local()

    def compare(self, tile: Tile) -> tuple[Tile, tuple[Rows, Rows]]:
        """Return the tile, and the places of its candidate pairs."""
        near = self._near(tile)
        if np.count_nonzero(near) * CROWDED > near.size:
            near &= self._finely(tile)
        rows, columns = true_cells(near)
        return tile, (rows + tile.above.start, columns + tile.beside.start)

    def _near(self, tile: Tile) -> NDArray[np.bool_]:
        above, beside = self._ordered[tile.above], self._ordered[tile.beside]
        if not hasattr(self._scratch, "scores"):
            self._scratch.scores = np.empty(STRIP * WIDTH, dtype=np.float32)
        scores = self._scratch.scores[: len(above) * len(beside)].reshape(len(above), len(beside))
        np.matmul(above, beside.T, out=scores)
        return _within(scores, tile, SLACK)

    def _finely(self, tile: Tile) -> NDArray[np.bool_]:
        """Return the same in float64: rows much nearer to each other than float32 can tell are told apart."""
        above, beside = (self._ordered[at].astype(np.float64) for at in (tile.above, tile.beside))
        scores = above @ beside.T
        squares = (np.einsum("ij,ij->i", rows, rows) / 2 for rows in (above, beside))
        scores += 1 - next(squares)[:, None]
        scores -= next(squares)
        return _within(scores, tile, FINE_SLACK)


def _within(scores: NDArray[np.floating], tile: Tile, slack: float) -> NDArray[np.bool_]:
    """Return bool[a, b]: whether the squared chord 2 - 2 s is at most the tile's bound."""
    wide = scores.dtype
    if tile.square is not None:
        near = scores >= 1 - slack - tile.square.astype(wide) / 2
        return np.asarray(near & (tile.square >= 0))
    near = scores >= 1 - slack - tile.falls.astype(wide) / 2
    over = np.flatnonzero(tile.rises > tile.falls[0])  # elsewhere the column's bound is the higher one for every pair
    if len(over):
        near[over] |= scores[over] >= 1 - slack - tile.rises[over, None].astype(wide) / 2
    return np.asarray(near)
