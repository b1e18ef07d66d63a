"""Which stretches of which clips of a collection are the same: all clips as queries, against all others, at once.

Every segment votes with its nearest segments of other clips for the diagonals of pairs of clips (`votes`, the offset
compensation of `diagonals`); those with enough worth are scored exactly, and cut into runs as in `match`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from ...progress import Progress, silent
from ...schemas.vector import Float32
from .diagonals import BLOCK_CELLS, Cells, Collection, Rows
from .match import Run, Strangers, Worth, best_parts, chosen, stretches_of
from .votes import voted

READ_ROWS = 1 << 16
"""Segments read together."""

LEAST_VOTED = 0.3
"""A diagonal is scored if its votes alone have this share of the excess that a run needs: where one clip has many
copies, not every segment votes for each of them."""


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

    collection: its `search` over all; clips are numbered as in its bounds. Memory: 4 d bytes a segment for the vectors,
    some 250 for the votes, 12 of each, and 100 MB of blocks (d 128), beside what is found.
    """
    bounds = collection.bounds
    matrix, quiet = _in_memory(collection)
    pairs, shifts, levels = voted(collection, matrix, quiet, worth, LEAST_VOTED * min_excess, progress)
    floors = np.full(len(matrix), worth.threshold, dtype=np.float32)
    runs: dict[tuple[int, int], list[Run]] = {}

    @lru_cache(maxsize=1)  # diagonals come by their first clip
    def strangers(first: int) -> Strangers:
        own = slice(bounds[first], bounds[first + 1])
        return Strangers(partial(_clip, bounds, matrix), worth, floors[own], levels[own])

    for cells in _scored(bounds, matrix, quiet, pairs, shifts):
        worths = worth.of(cells.scores, worth.threshold)
        worths[cells.silent] = np.minimum(worths[cells.silent], 0.0)
        alike = (worths > 0) | (cells.silent & (cells.scores > worth.threshold))
        for begin, end in stretches_of(cells, worths, alike, max_gap, min_excess):
            which = int(cells.diagonal[begin])
            first, second = pairs[which].tolist()
            own = slice(bounds[first], bounds[first + 1])
            for part in best_parts(worths[begin:end], min_excess):
                at = slice(begin + part[0], begin + part[1])
                scores, start = cells.scores[at].copy(), int(cells.position[at.start])  # views would hold all cells
                run = Run(second, int(shifts[which]), start, scores, worths[at].copy())
                runs.setdefault((first, second), []).extend(strangers(first).telling(run, matrix[own], min_excess))
    sizes = np.diff(bounds)
    best = {pair: chosen(found, int(sizes[pair[0]]), min_excess) for pair, found in runs.items() if found}
    return [Shared(*pair, tuple(sorted(own, key=lambda run: run.start))) for pair, own in sorted(best.items())]


def _clip(bounds: Rows, matrix: Float32, clip: int) -> Float32:
    """Return a view of the vectors of a clip."""
    return matrix[bounds[clip] : bounds[clip + 1]]


def _in_memory(collection: Collection) -> tuple[Float32, NDArray[np.bool_]]:
    """Return the vectors float32[n, d] of a collection, read once, and bool[n]: which are of silence."""
    total = int(collection.bounds[-1])
    matrix: Float32 = np.empty((0, 1), dtype=np.float32)
    quiet = np.zeros(total, dtype=np.bool_)
    for start in range(0, total, READ_ROWS):
        part = collection.fetch(np.arange(start, min(start + READ_ROWS, total)))
        if not start:
            matrix = np.empty((total, part.shape[1]), dtype=np.float32)
        matrix[start : start + len(part)] = part
        quiet[start : start + len(part)] = collection.silent(part)
    return matrix, quiet


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
