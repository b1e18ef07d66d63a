"""Which clip could lie on a query of segments, and how: candidates by offset compensation, scored exactly.

A diagonal is a clip and a shift: query segment o lies on segment o + shift of the clip. A neighbour that an index finds
for query segment o at row r of a clip votes for the diagonal of shift r - o (the offset compensation of Neural Audio
Fingerprint's `eval_faiss.py`; per clip, as in PFANN's matcher, so that no diagonal runs over into the next clip). The
shift is negative where the query begins before the clip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32

Rows = NDArray[np.int64]
Search = Callable[[Float32, int], tuple[Rows, Float32]]
Fetch = Callable[[Rows], Float32]
Silent = Callable[[Float32], NDArray[np.bool_]]

STRETCH = 64
"""Query segments that choose candidates together: a short piece of a long query is not outvoted by the rest."""

CANDIDATES = 2000
"""Diagonals that a query may have scored, an equal share for each of its stretches..."""

LEAST_SHARE = 8
"""...but no less than this. A query of one stretch keeps every candidate of 20 neighbours a segment, as published; of
an hour (7,200 segments) 17 of each of 113 stretches are kept."""

BLOCK_CELLS = 1 << 16
"""Pairs of segments scored at a time (but one whole diagonal at least): 32 MB of vectors of length 128."""


@dataclass(frozen=True)
class Held:
    """Segments of clips: n rows sorted by clip, then by time, at a uniform hop.

    bounds: int64[c + 1], clip c owns the rows bounds[c] to bounds[c + 1]; fetch(rows int64[m], in any order, again and
    again): the exact unit vectors float32[m, d], whatever an index keeps of them; silent: which of such vectors are of
    silence, bool[m].
    """

    bounds: Rows
    fetch: Fetch
    silent: Silent = lambda vectors: np.zeros(len(vectors), dtype=np.bool_)

    def pieces_of(self, rows: Rows) -> Rows:
        """Return int64 of the same shape: the number of the clip that each row is of; -1 for the row -1."""
        return np.asarray(np.searchsorted(self.bounds, rows, side="right") - 1)

    def clip(self, number: int) -> Float32:
        """Return the vectors float32[m, d] of a clip."""
        return self.fetch(np.arange(self.bounds[number], self.bounds[number + 1]))


@dataclass(frozen=True)
class Collection(Held):
    """Segments to look in.

    search(queries float32[q, d], k): the rows int64[q, <= k] nearest to each query, best first, -1 where there is none,
    and their scores.
    """

    search: Search = field(kw_only=True)


@dataclass(frozen=True)
class Diagonals:
    """m ways to lay a query on a clip, sorted by clip, then by shift: clips int64[m], shifts int64[m]."""

    clips: Rows
    shifts: Rows

    def __len__(self) -> int:
        return len(self.clips)


@dataclass(frozen=True)
class Cells:
    """Scored pairs of segments, sorted by diagonal, then by query position.

    diagonal: int64[x], which of the diagonals; position: int64[x], the query segment; scores: float32[x], cosines;
    silent: bool[x], whether the clip's segment is silence, told only of pairs above the floors that `scored` was given.
    """

    diagonal: Rows
    position: Rows
    scores: Float32
    silent: NDArray[np.bool_]


def candidates(rows: Rows, bounds: Rows) -> Diagonals:
    """Return the diagonals that the neighbours int64[L, k] (-1: none) of the L segments of a query vote for.

    rows: as `Collection.search` gives them, best first; bounds: of the collection. Of each stretch of STRETCH segments
    those with the most votes, then with the best rank, are kept (CANDIDATES).
    """
    length = len(rows)
    position, rank = np.nonzero(rows >= 0)
    keys = _keys(rows[position, rank], position, bounds, length)
    block = position // STRETCH
    order = np.lexsort((rank, keys, block))
    keys, block, rank = keys[order], block[order], rank[order]
    first = np.flatnonzero(_changes(block) | _changes(keys))
    votes = np.diff(np.append(first, len(keys)))
    keys, block, rank = keys[first], block[first], rank[first]
    order = np.lexsort((keys, rank, -votes, block))
    keys, block = keys[order], block[order]
    place = np.arange(len(keys)) - np.searchsorted(block, block)  # within its stretch
    share = max(LEAST_SHARE, CANDIDATES // max(1, -(-length // STRETCH)))
    return _diagonals(np.unique(keys[place < share]), bounds, length)


def scored(queries: Float32, floors: Float32, collection: Held, diagonals: Diagonals) -> Iterator[Cells]:
    """Yield the cosine of every pair of segments that the diagonals lay on each other, whole diagonals at a time.

    queries: float32[L, d], unit rows; floors: float32[L], up to which a pair is of no account, be it of silence or not.
    Where a query reaches over an end of the clip, only the common part is scored.
    """
    size = np.diff(collection.bounds)[diagonals.clips]
    begin = np.maximum(0, -diagonals.shifts)
    count = np.minimum(len(queries), size - diagonals.shifts) - begin
    filled = np.cumsum(count)
    first = 0
    while first < len(diagonals):
        before = filled[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(filled, before + BLOCK_CELLS, side="right")))
        diagonal = np.repeat(np.arange(first, last), count[first:last])
        position = np.arange(len(diagonal)) - np.repeat(
            filled[first:last] - count[first:last] - before - begin[first:last], count[first:last]
        )
        rows = collection.bounds[diagonals.clips[diagonal]] + diagonals.shifts[diagonal] + position
        vectors = collection.fetch(rows)
        scores = np.einsum("ij,ij->i", queries.take(position, axis=0), vectors)
        silent = scores > floors[position]
        silent[silent] = collection.silent(vectors[silent])
        yield Cells(diagonal, position, scores, silent)
        first = last


def _keys(rows: Rows, position: Rows, bounds: Rows, length: int) -> Rows:
    """Return one number per diagonal: the row under the query's last segment, with length - 1 free rows between
    clips.
    """
    clips = np.searchsorted(bounds, rows, side="right") - 1
    return np.asarray(rows - position + (clips + 1) * (length - 1), dtype=np.int64)


def _diagonals(keys: Rows, bounds: Rows, length: int) -> Diagonals:
    """Return what `_keys` numbered."""
    starts = bounds[:-1] + np.arange(len(bounds) - 1) * (length - 1)
    clips = np.searchsorted(starts, keys, side="right") - 1
    return Diagonals(clips, keys - starts[clips] - (length - 1))


def _changes(values: Rows) -> NDArray[np.bool_]:
    """Return bool[n]: where a value differs from the one before; the first always does."""
    changes: NDArray[np.bool_] = np.diff(values, prepend=values[:1] - 1) != 0
    return changes
