"""Which diagonals of which two clips of a collection the nearest segments of each other clip vote for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress
from ...schemas.vector import Float32
from .diagonals import Collection, Rows
from .match import Worth
from .strangers import stranger_depth, stranger_levels

VOTES = 20
"""Nearest segments of other clips that a segment votes with."""

AT_ONCE = 4096
"""Segments searched together."""

PORTION = 1 << 19
"""Votes counted together, but all of one clip at least: they take some 80 bytes each meanwhile."""

DIAGONALS_PER_PAIR = 16
"""Of two clips so many diagonals are scored, those with most worth."""

Votes = tuple[NDArray[np.integer], NDArray[np.integer], Float32]
"""Pairs of rows of different clips that are near, the smaller first, by which they are sorted; and what each is worth.
A pair of which each voted for the other is there twice."""


def voted(
    collection: Collection,
    matrix: Float32,
    quiet: NDArray[np.bool_],
    worth: Worth,
    least: float,
    progress: Progress,
) -> tuple[Rows, Rows, Float32]:
    """Return pairs int64[m, 2] of clips, the smaller first, by which they are sorted, and their shifts int64[m] whose
    votes are worth at least `least`; and the level of strangers float32[n] of each row.

    matrix: float32[n, d], of the collection; quiet: bool[n], which of it is silence. Memory: 12 bytes a vote.
    """
    levels = np.full(len(matrix), -1.0, dtype=np.float32)
    votes = []
    for start in range(0, len(matrix), AT_ONCE):
        stop = min(start + AT_ONCE, len(matrix))
        rows, near = collection.search(matrix[start:stop], max(3 * VOTES, stranger_depth(worth.cohort)))
        clips = collection.pieces_of(rows)
        own = collection.pieces_of(np.arange(start, stop))[:, None]
        levels[start:stop] = stranger_levels(np.where(clips == own, -1, clips), near, worth.cohort)
        others = (rows >= 0) & (clips != own)
        others &= np.cumsum(others, axis=1) <= VOTES
        others &= (near > worth.threshold) & ~quiet[start:stop, None] & ~quiet[rows]
        query, rank = np.nonzero(others)
        worths = near[query, rank] - np.float32(worth.threshold)
        votes.append(_sorted(query + start, rows[query, rank], worths, len(matrix)))
        progress("compare", stop, len(matrix))
    counted = [_counted(collection.bounds, *portion, least) for portion in _portions(collection.bounds, votes)]
    pairs = np.concatenate([np.empty((0, 2), dtype=np.int64), *(pairs for pairs, _ in counted)])
    return pairs, np.concatenate([np.empty(0, dtype=np.int64), *(shifts for _, shifts in counted)]), levels


def _sorted(one: Rows, other: Rows, worths: Float32, rows: int) -> Votes:
    """Return votes among so many rows as they are kept."""
    narrow = np.int32 if rows <= np.iinfo(np.int32).max else np.int64
    first, second = np.minimum(one, other), np.maximum(one, other)
    order = np.argsort(first, kind="stable")
    return first[order].astype(narrow), second[order].astype(narrow), worths[order]


def _portions(bounds: Rows, votes: list[Votes]) -> Iterator[Votes]:
    """Yield all votes, about PORTION at a time, those of one first clip together."""
    count = np.zeros(len(bounds) - 1, dtype=np.int64)
    for one, _, _ in votes:
        clips, times = np.unique(np.searchsorted(bounds, one, side="right") - 1, return_counts=True)
        count[clips] += times
    full = np.flatnonzero(np.diff(np.cumsum(count) // PORTION, prepend=0))
    for begin, end in pairwise(np.unique([0, *bounds[full + 1], bounds[-1]]).tolist()):
        held = [(vote, slice(*np.searchsorted(vote[0], [begin, end]))) for vote in votes]
        yield (
            np.concatenate([one[own] for (one, _, _), own in held]),
            np.concatenate([other[own] for (_, other, _), own in held]),
            np.concatenate([worths[own] for (_, _, worths), own in held]),
        )


def _counted(
    bounds: Rows, one: NDArray[np.integer], other: NDArray[np.integer], worths: Float32, least: float
) -> tuple[Rows, Rows]:
    """Return pairs int64[m, 2] of clips and their shifts int64[m] whose votes are worth at least so much."""
    _, once = np.unique(one.astype(np.int64) * bounds[-1] + other, return_index=True)
    one, other, worths = one[once], other[once], worths[once]
    first, second = (np.searchsorted(bounds, rows, side="right") - 1 for rows in (one, other))
    shift = (other - bounds[second]) - (one - bounds[first])
    order = np.lexsort((shift, second, first))
    first, second, shift = first[order], second[order], shift[order]
    begins = _changes(first, second, shift)
    sums = np.add.reduceat(worths[order].astype(np.float64), begins) if len(begins) else np.empty(0)
    begins, sums = begins[sums >= least], sums[sums >= least]
    first, second, shift = first[begins], second[begins], shift[begins]
    order = np.lexsort((shift, -sums, second, first))
    first, second, shift = first[order], second[order], shift[order]
    starts = _changes(first, second)
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    kept = place < DIAGONALS_PER_PAIR
    return np.stack([first[kept], second[kept]], axis=1), shift[kept]


def _changes(*sorted_keys: Rows) -> Rows:
    """Return where any of keys int64[n] differs from the one before, and 0; nothing of nothing."""
    new = np.zeros(len(sorted_keys[0]), dtype=np.bool_)
    new[:1] = True
    for key in sorted_keys:
        new[1:] |= np.diff(key) != 0
    return np.flatnonzero(new)
