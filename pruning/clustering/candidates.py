"""All pairs of rows that may be edges of a minimum spanning tree of mutual reachability, or within a core distance.

A pair is one if it is no farther apart than the heaviest edge between its ends in a spanning tree (pairs.py says why).
One pass over half of all pairs finds them: in the order of the tree's ladder, the bound of a tile of pairs is the
maximum of a number per row, one per column and a constant, and compares with a matrix product as fast as that is made.

The nearer the tree is to the minimum, the fewer pairs there are: about min_samples for each row at best. Where it is
far, those that were found are sifted before there are too many of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...audio.cores import core_count
from ...indexing.near import true_cells
from ...indexing.shared_rows import SharedRows, share_rows
from ...progress import Progress, silent
from ...schemas.vector import Float32
from ...store.journal import each_kept
from ...store.pipeline import in_order
from ...store.shards import Shard, Shared, Workers
from .ladder import Ladder, Rows, Weights, ladder_of
from .pairs import MARGIN, Pairs, Tree, all_pairs, sifted

STRIP, WIDTH = 1024, 2048
"""Rows and columns of a tile of scores: 8 MB for each core."""

SPARE = 1e-6
"""What float32 thresholds, and rows that are of unit length but for rounding, add to the slack of a product."""

FINE_SLACK = 1e-12
"""Float64 squared chords, from products of rows less a row near both, are off by less than this share of the squared
distances to that row.
"""

CROWDED = 64
"""Where float32 leaves more than one pair of a tile in so many undecided, the tile is computed again in float64."""

HELD_PAIRS = 1 << 21
"""Pairs are sifted when there are so many (24 bytes each), and then whenever they have doubled."""

SHARD_TILES = 64
"""Tiles of a shard, where workers compare them."""

WAITING_BYTES = 128 << 20
"""Pairs that wait to be taken in may fill so much before no further tile is begun."""


@dataclass(frozen=True)
class Tile:
    """Pairs of places: `above` with `beside`; the bound of a pair is the maximum of rises[i] and falls[j], squared
    chords float32. On the diagonal (`square`) it is a matrix of its own, and only pairs below it count.
    """

    above: slice
    beside: slice
    rises: Float32
    falls: Float32
    square: Float32 | None = None


def candidates(
    matrix: Float32, tree: Tree, min_samples: int, progress: Progress = silent, workers: Workers | None = None
) -> Pairs:
    """Return all pairs of rows that the tree, made lighter by these pairs themselves, does not rule out.

    matrix: float32[n, d], distinct unit rows. Memory: O(p) for p such pairs, or HELD_PAIRS; WAITING_BYTES, and a tile's
    scores and pairs (at most 60 MB) for each core; the matrix once more. workers: who compares, None for this process;
    a node of theirs holds 8 n bytes, and for each core 60 MB and the rows of a tile.
    """
    ladder = ladder_of(tree.low, tree.high, tree.squared)
    found, held, most, compared = [], 0, HELD_PAIRS, 0
    with threadpool_limits(limits=1, user_api="blas"):
        for done, pairs in _scanned(matrix, ladder, workers):
            found.append(pairs)
            held += len(pairs)
            if held > most:
                pairs, tree = sifted(all_pairs(found), tree, min_samples)
                found, held, most = [pairs], len(pairs), max(HELD_PAIRS, 2 * len(pairs))
            compared = max(compared, done)
            progress("comparing", compared, len(matrix))
    return sifted(all_pairs(found), tree, min_samples)[0]


def _scanned(matrix: Float32, ladder: Ladder, workers: Workers | None) -> Iterator[tuple[int, Pairs]]:
    """Yield of every tile how many places are done with it, and its pairs."""
    ordered = tiles(ladder.steps)
    if workers is None:
        yield from in_order(
            Scan(matrix[ladder.order], ladder.order, matrix.shape[1]).compare,
            ordered,
            ahead=2 * core_count(),
            size_bytes=lambda found: found[1].nbytes,
            limit_bytes=WAITING_BYTES,
        )
        return
    work = ScanShard(share_rows(workers, matrix, ladder.order), workers.share(ladder.order), matrix.shape[1])
    total = (len(matrix) // STRIP + 1) * (len(matrix) // WIDTH + 1) // 2
    size = max(1, min(SHARD_TILES, total // (workers.count * 8)))
    pieces = iter(lambda: list(islice(ordered, size)), [])
    shards = (
        Shard(
            f"the comparison of clips at {piece[0].above.start} and {piece[0].beside.start}",
            piece,
            repr([(tile.above, tile.beside) for tile in piece]),
        )
        for piece in pieces
    )
    what = ["candidates", matrix, ladder.order, ladder.steps]
    for _, results in each_kept(workers, what, work, shards, [Pairs]):
        yield from results


@dataclass(frozen=True)
class ScanShard:
    """Work: compare tiles of rows in the order of the ladder."""

    ordered: SharedRows
    order: Shared[Rows]
    dim: int

    @cached_property
    def scan(self) -> Scan:
        """What compares, with its memory, kept from shard to shard."""
        return Scan(self.ordered, self.order.get(), self.dim)

    def __call__(self, tiles: Sequence[Tile]) -> list[tuple[int, Pairs]]:
        """Return what `Scan.compare` returns for each tile."""
        with threadpool_limits(limits=1, user_api="blas"):
            return list(in_order(self.scan.compare, tiles, ahead=2 * core_count()))


def slack_of(dimensions: int) -> float:
    """Return how far a float32 inner product of two unit rows can be off, in whatever order it is summed.

    By at most d 2^-24 sum_i |x_i y_i| (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1), and
    that sum is 1 at most. Rows of random numbers stay far below; of many equal numbers, as binary codes have them, all
    sums may be rounded to one side.
    """
    return SPARE + dimensions * 2**-24


def tiles(squared: Weights) -> Iterator[Tile]:
    """Yield tiles that together hold each pair of the places 0..n-1 once; squared: float64[n - 1], of the steps."""
    squared = squared * (1 + MARGIN)
    n = len(squared) + 1
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
    """Return float32[m, m]: the highest of m - 1 steps between each place and each earlier one, -1 elsewhere, which is
    lower than any squared chord.
    """
    steps = squared.astype(np.float32)
    table = np.full((len(steps) + 1, len(steps) + 1), -1, dtype=np.float32)
    for place in range(1, len(table)):
        np.maximum(table[place - 1, :place], steps[place - 1], out=table[place, :place])
    return table


class Scan:
    """Compares tiles of rows in the order of the ladder, in any number of threads.

    ordered: float32[n, d] in that order; order: int64[n], which rows these are; dim: d.
    """

    def __init__(self, ordered: Float32 | SharedRows, order: Rows, dim: int) -> None:
        self._ordered = ordered
        self._order = order
        self._slack = slack_of(dim)
        self._scratch = threading.local()

    def compare(self, tile: Tile) -> tuple[int, Pairs]:
        """Return how many places of the ladder are done with this tile, and its pairs."""
        pairs = self._coarsely(tile)
        return tile.above.stop, self._finely(tile) if pairs is None else pairs

    def _coarsely(self, tile: Tile) -> Pairs | None:
        """Return the tile's pairs by float32, or nothing where it leaves too many undecided."""
        scores = self._scores(self._ordered[tile.above], self._ordered[tile.beside])
        near = _within(scores, tile, self._slack)
        count = np.count_nonzero(near)
        if count * CROWDED > near.size:
            undecided = count - np.count_nonzero(_within(scores, tile, -self._slack))
            if undecided * CROWDED > near.size:
                return None
        rows, columns = true_cells(near)
        squared = 2 - 2 * scores[rows, columns]
        return self._pairs(tile, rows, columns, squared - 2 * self._slack, squared + 2 * self._slack)

    def _finely(self, tile: Tile) -> Pairs:
        """Return the same in float64: rows much nearer to each other than float32 can tell are told apart."""
        above, beside = self._ordered[tile.above].astype(np.float64), self._ordered[tile.beside].astype(np.float64)
        centre = above[0].copy()
        above -= centre
        beside -= centre
        far, wide = np.einsum("ij,ij->i", above, above), np.einsum("ij,ij->i", beside, beside)
        least = above @ beside.T
        least *= -2
        least += (1 - FINE_SLACK) * far[:, None]
        least += (1 - FINE_SLACK) * wide
        bounds = np.maximum(tile.rises[:, None], tile.falls) if tile.square is None else tile.square
        rows, columns = true_cells(least <= bounds)
        squared = least[rows, columns]
        most = squared + 2 * FINE_SLACK * (far[rows] + wide[columns])
        down, up = np.float32(-np.inf), np.float32(np.inf)  # the next float32: never rounded to the wrong side
        least_32, most_32 = np.nextafter(np.float32(squared), down), np.nextafter(np.float32(most), up)
        return self._pairs(tile, rows, columns, least_32, most_32)

    def _scores(self, above: Float32, beside: Float32) -> Float32:
        """Return the products of all with all, until the next call in this thread."""
        if not hasattr(self._scratch, "scores"):
            self._scratch.scores = np.empty(STRIP * max(STRIP, WIDTH), dtype=np.float32)
        scores: Float32 = self._scratch.scores[: len(above) * len(beside)].reshape(len(above), len(beside))
        return np.matmul(above, beside.T, out=scores)

    def _pairs(self, tile: Tile, rows: Rows, columns: Rows, least: Float32, most: Float32) -> Pairs:
        one, other = self._order[rows + tile.above.start], self._order[columns + tile.beside.start]
        return Pairs(np.minimum(one, other), np.maximum(one, other), least, most)


def _within(scores: Float32, tile: Tile, slack: float) -> NDArray[np.bool_]:
    """Return bool[a, b]: whether the squared chord 2 - 2 s is at most the tile's bound."""
    if tile.square is not None:
        return np.asarray(scores >= np.float32(1 - slack) - tile.square / 2)
    near = scores >= np.float32(1 - slack) - tile.falls / 2
    over = np.flatnonzero(tile.rises > tile.falls[0])  # elsewhere the column's bound is the higher one for every pair
    if len(over):
        near[over] |= scores[over] >= np.float32(1 - slack) - tile.rises[over, None] / 2
    return np.asarray(near)
