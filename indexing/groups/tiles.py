"""Tiles of pairs: which rows of one run of places are near which of another, by short vectors first.

By this process, from the matrix; or by workers, from blocks of rows that they fetch. Both decide alike.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ...audio.cores import core_count
from ...schemas.vector import Float32
from ...store.journal import each_kept
from ...store.pipeline import in_order
from ...store.shards import Shard, Workers
from ..near import near_each, true_cells, within
from ..shared_rows import Rows, SharedRows, share_rows
from .shortened import SLACK

TILE = (1024, 4096)
"""Rows and columns of the scores computed at a time (16 MB)."""

DENSE = 16
"""Where more than one pair of a tile in so many may be near, whole vectors are multiplied as matrices."""

SHARD_TILES = 128
"""Tiles of a shard, a few ms each."""

Tile = tuple[slice, slice]


@dataclass(frozen=True)
class Table:
    """A tile: whether each place `above` is near each place `beside`, bool[a, b]."""

    above: slice
    beside: slice
    near: NDArray[np.bool_]


Pairs = tuple[Rows, Rows]
"""Places that are near each other: the earlier ones int64[p], and the later ones int64[p]."""


class Places(Protocol):
    """The rows that are compared, in the order of their places."""

    @property
    def short(self) -> Float32 | SharedRows:
        """Short vectors, float32[n, w]."""

    def near_table(self, tile: Tile, min_score: float) -> NDArray[np.bool_]:
        """Return bool[a, b]: which pairs of a tile are near by whole vectors."""

    def near_pairs(self, tile: Tile, left: Rows, right: Rows, min_score: float) -> NDArray[np.bool_]:
        """Return bool[p]: which of these pairs of places of a tile are."""


@dataclass(frozen=True)
class OwnPlaces:
    """Rows of a matrix of this process. matrix: float32[n, d]; rows: int64[m], which of it are at the places."""

    short: Float32
    matrix: Float32
    rows: Rows

    def near_table(self, tile: Tile, min_score: float) -> NDArray[np.bool_]:
        """See Places."""
        above, beside = tile
        return within(self.matrix[self.rows[above]], self.matrix[self.rows[beside]], min_score)

    def near_pairs(self, tile: Tile, left: Rows, right: Rows, min_score: float) -> NDArray[np.bool_]:  # noqa: ARG002
        """See Places."""
        return near_each(self.matrix, self.rows[left], self.rows[right], min_score)


@dataclass(frozen=True)
class FetchedPlaces:
    """Rows that a worker fetches: whole ones, float32[m, d], only for tiles that may have near pairs."""

    short: SharedRows
    whole: SharedRows

    def near_table(self, tile: Tile, min_score: float) -> NDArray[np.bool_]:
        """See Places."""
        above, beside = tile
        return within(self.whole[above], self.whole[beside], min_score)

    def near_pairs(self, tile: Tile, left: Rows, right: Rows, min_score: float) -> NDArray[np.bool_]:
        """See Places."""
        if not len(left):
            return np.empty(0, dtype=np.bool_)
        above, beside = tile
        one, inside = np.unique(left, return_inverse=True)
        other, outside = np.unique(right, return_inverse=True)
        rows = np.concatenate([self.whole[above][one - above.start], self.whole[beside][other - beside.start]])
        return near_each(rows, inside, outside + len(one), min_score)


class Comparison:
    """Compares tiles, in any number of threads."""

    def __init__(self, places: Places, min_score: float) -> None:
        self._places = places
        self._min_score = min_score
        self._floor = np.float32(min_score - SLACK)
        self._later = ~np.tri(TILE[0], dtype=np.bool_)
        self._scratch = threading.local()

    def all(self, tiles: Iterator[Tile] | Sequence[Tile]) -> Iterator[Table | Pairs]:
        """Yield what `compare` returns for each tile, in order."""
        # a thread per tile: what BLAS gains by threads of its own in products so small, it loses by their waiting
        with threadpool_limits(limits=1, user_api="blas"):
            yield from in_order(self.compare, tiles, ahead=2 * core_count())

    def compare(self, tile: Tile) -> Table | Pairs:
        """Return the pairs of places of a tile that are near each other, or all of it where they are many."""
        above, beside = tile
        one, other = self._places.short[above], self._places.short[beside]
        if not hasattr(self._scratch, "scores"):
            self._scratch.scores = np.empty(TILE[0] * TILE[1], dtype=np.float32)
        block = self._scratch.scores[: len(one) * len(other)].reshape(len(one), len(other))
        near = np.matmul(one, other.T, out=block) >= self._floor
        if beside.start == above.start:
            near[:, : len(one)] &= self._later[: len(one), : len(one)]
        if np.count_nonzero(near) * DENSE > near.size:
            near &= self._places.near_table(tile, self._min_score)
            return Table(above, beside, near)
        left, right = true_cells(near)
        left, right = left + above.start, right + beside.start
        sure = self._places.near_pairs(tile, left, right, self._min_score)
        return left[sure], right[sure]


@dataclass(frozen=True)
class CompareShard:
    """Work: compare tiles. A node holds, for each core, the scores of a tile and the rows of both sides of it."""

    places: FetchedPlaces
    min_score: float

    @cached_property
    def comparison(self) -> Comparison:
        """What compares, with its memory, kept from shard to shard."""
        return Comparison(self.places, self.min_score)

    def __call__(self, tiles: Sequence[Tile]) -> list[Table | Pairs]:
        """Return what was found in each tile."""
        return list(self.comparison.all(tiles))


def compared_by(
    workers: Workers, tiles: Iterator[Tile], total: int, own: OwnPlaces, min_score: float
) -> Iterator[Table | Pairs]:
    """Yield what is found in each of `total` tiles, in any order."""
    size = max(1, min(SHARD_TILES, total // (workers.count * 8)))
    places = FetchedPlaces(share_rows(workers, own.short), share_rows(workers, own.matrix, own.rows))
    pieces = iter(lambda: list(islice(tiles, size)), [])
    shards = (
        Shard(f"the comparison of clips at {piece[0][0].start} and {piece[0][1].start}", piece, repr(piece))
        for piece in pieces
    )
    what = ["near pairs", min_score, own.short, own.matrix, own.rows]
    for _, found in each_kept(workers, what, CompareShard(places, min_score), shards, [Table]):
        yield from found
