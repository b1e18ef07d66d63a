"""Which stretches of which clips of a collection are the same: all clips as queries, against all others, at once.

Every segment votes with its nearest segments of other clips for the diagonals of pairs of clips (the offset
compensation of `diagonals`); those with enough worth are scored exactly, and cut into runs as in `match`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress, silent
from ...schemas.vector import Float32
from .diagonals import BLOCK_CELLS, Cells, Collection, Rows
from .match import Run, Strangers, Worth, best_parts, chosen, stretches_of
from .strangers import stranger_depth, stranger_levels

VOTES = 20
"""Nearest segments of other clips that a segment votes with."""

AT_ONCE = 4096
"""Segments searched together."""

READ_ROWS = 1 << 17
"""Segments read together."""

LEAST_VOTED = 0.3
"""A diagonal is scored if its votes alone have this share of the excess that a run needs: where one clip has many
copies, not every segment votes for each of them."""

DIAGONALS_PER_PAIR = 16
"""Of two clips so many diagonals are scored, those with most worth."""


@dataclass(frozen=True)
class Shared:
    """Two clips, first < second, and the runs of the first, as a query, that lie on the second."""

    first: int
    second: int
    runs: tuple[Run, ...]


def shared(
    collection: Collection, worth: Worth, *, max_gap: int, min_excess: float, progress: Progress = silent
) -> list[Shared]:
    """Return the pairs of clips that have a run in common, and the runs, by clip.

    collection: its `search` over all; clips are numbered as in its bounds. Memory: 4 d bytes a segment for the vectors
    and some 400 for the votes.
    """
    held = _in_memory(collection)
    matrix = held.fetch(np.arange(held.bounds[-1]))
    quiet = held.silent(matrix)
    votes, levels = _votes(held, matrix, quiet, worth, progress)
    pairs, shifts = _diagonals(held.bounds, *votes, LEAST_VOTED * min_excess)
    floors = np.full(len(matrix), worth.threshold, dtype=np.float32)
    runs: dict[tuple[int, int], list[Run]] = {}

    @lru_cache(maxsize=1)  # diagonals come by their first clip
    def strangers(first: int) -> Strangers:
        own = slice(held.bounds[first], held.bounds[first + 1])
        return Strangers(partial(_clip, held.bounds, matrix), worth, floors[own], levels[own])

    for cells in _scored(held.bounds, matrix, quiet, pairs, shifts):
        worths = worth.of(cells.scores, worth.threshold)
        worths[cells.silent] = np.minimum(worths[cells.silent], 0.0)
        alike = (worths > 0) | (cells.silent & (cells.scores > worth.threshold))
        for begin, end in stretches_of(cells, worths, alike, max_gap, min_excess):
            which = int(cells.diagonal[begin])
            first, second = pairs[which].tolist()
            own = slice(held.bounds[first], held.bounds[first + 1])
            for part in best_parts(worths[begin:end], min_excess):
                at = slice(begin + part[0], begin + part[1])
                scores, start = cells.scores[at].copy(), int(cells.position[at.start])  # views would hold all cells
                run = Run(second, int(shifts[which]), start, scores, worths[at].copy())
                runs.setdefault((first, second), []).extend(strangers(first).telling(run, matrix[own], min_excess))
    sizes = np.diff(held.bounds)
    best = {pair: chosen(found, int(sizes[pair[0]]), min_excess) for pair, found in runs.items() if found}
    return [Shared(*pair, tuple(sorted(own, key=lambda run: run.start))) for pair, own in sorted(best.items())]


def _clip(bounds: Rows, matrix: Float32, clip: int) -> Float32:
    """Return a view of the vectors of a clip."""
    return matrix[bounds[clip] : bounds[clip + 1]]


def _in_memory(collection: Collection) -> Collection:
    """Return the collection with its vectors read once."""
    total = int(collection.bounds[-1])
    starts = range(0, total, READ_ROWS)
    parts = [collection.fetch(np.arange(start, min(start + READ_ROWS, total))) for start in starts]
    matrix = np.concatenate(parts) if parts else np.empty((0, 1), dtype=np.float32)
    return replace(collection, fetch=lambda rows: matrix[rows])


Votes = tuple[Rows, Rows, Float32]


def _votes(
    held: Collection, matrix: Float32, quiet: NDArray[np.bool_], worth: Worth, progress: Progress
) -> tuple[Votes, Float32]:
    """Return pairs of rows of different clips that are near, the smaller first, each once, with their cosines; and the
    level of strangers float32[n] of each row.
    """
    found: list[tuple[Rows, Rows, Float32]] = []
    levels = np.full(len(matrix), -1.0, dtype=np.float32)
    for start in range(0, len(matrix), AT_ONCE):
        stop = min(start + AT_ONCE, len(matrix))
        rows, near = held.search(matrix[start:stop], max(3 * VOTES, stranger_depth(worth.cohort)))
        clips = held.pieces_of(rows)
        own = held.pieces_of(np.arange(start, stop))[:, None]
        levels[start:stop] = stranger_levels(np.where(clips == own, -1, clips), near, worth.cohort)
        others = (rows >= 0) & (clips != own)
        others &= np.cumsum(others, axis=1) <= VOTES
        others &= (near > worth.threshold) & ~quiet[start:stop, None] & ~quiet[rows]
        query, rank = np.nonzero(others)
        pair = np.sort(np.stack([query + start, rows[query, rank]]), axis=0)
        found.append((pair[0], pair[1], near[query, rank]))
        progress("compare", stop, len(matrix))
    one, other, scores = (np.concatenate(part) for part in zip(*found, strict=True)) if found else _nothing()
    _, first = np.unique(one * len(matrix) + other, return_index=True)
    return (one[first], other[first], scores[first] - np.float32(worth.threshold)), levels


def _nothing() -> tuple[Rows, Rows, Float32]:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)


def _diagonals(bounds: Rows, one: Rows, other: Rows, worths: Float32, least: float) -> tuple[Rows, Rows]:
    """Return pairs int64[m, 2] of clips and their shifts int64[m] whose votes are worth at least so much."""
    first, second = (np.searchsorted(bounds, rows, side="right") - 1 for rows in (one, other))
    shift = (other - bounds[second]) - (one - bounds[first])
    order = np.lexsort((shift, second, first))
    first, second, shift = first[order], second[order], shift[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (np.diff(first) != 0) | (np.diff(second) != 0) | (np.diff(shift) != 0)
    begins = np.flatnonzero(new)
    sums = np.add.reduceat(worths[order].astype(np.float64), begins) if len(begins) else np.empty(0)
    begins, sums = begins[sums >= least], sums[sums >= least]
    first, second, shift = first[begins], second[begins], shift[begins]
    order = np.lexsort((shift, -sums, second, first))
    first, second, shift = first[order], second[order], shift[order]
    changes = np.ones(len(order), dtype=np.bool_)
    changes[1:] = (np.diff(first) != 0) | (np.diff(second) != 0)
    starts = np.flatnonzero(changes)
    place = np.arange(len(order)) - starts[np.cumsum(changes) - 1]
    kept = place < DIAGONALS_PER_PAIR
    return np.stack([first[kept], second[kept]], axis=1), shift[kept]


def _scored(bounds: Rows, matrix: Float32, quiet: NDArray[np.bool_], pairs: Rows, shifts: Rows) -> Iterator[Cells]:
    """Yield the cosine of every pair of segments that the diagonals lay on each other, whole diagonals at a time."""
    size = np.diff(bounds)
    begin = np.maximum(0, -shifts)
    count = np.minimum(size[pairs[:, 0]], size[pairs[:, 1]] - shifts) - begin
    filled = np.cumsum(count)
    first = 0
    while first < len(shifts):
        before = filled[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(filled, before + BLOCK_CELLS, side="right")))
        diagonal = np.repeat(np.arange(first, last), count[first:last])
        starts = filled[first:last] - count[first:last] - before
        position = np.arange(len(diagonal)) - np.repeat(starts - begin[first:last], count[first:last])
        one = bounds[pairs[diagonal, 0]] + position
        other = bounds[pairs[diagonal, 1]] + position + shifts[diagonal]
        scores = np.einsum("ij,ij->i", matrix[one], matrix[other])
        yield Cells(diagonal, position, scores, quiet[one] | quiet[other])
        first = last
