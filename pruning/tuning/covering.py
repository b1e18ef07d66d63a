"""The coverage of every budget and of every value of the knob, found in one pass over the cosines of a sample.

For each clip of the sample its cosines to all clips are looked at once: in order of rank, their running maximum is what
the first r clips do for it; and as clips that are kept at the same values are alike, the maximum over each such group
is all that the values need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...audio.cores import core_count
from ...indexing.near import BLOCK_CELLS, ROUNDING
from ...progress import Progress
from ...schemas.vector import Float32
from ...store.pipeline import in_order
from ..coverage import alone

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Float64 = NDArray[np.float64]

MAX_PAIRS = 1 << 28
"""Pairs of clips that are compared: 3 s of one core at 64 dimensions. All up to 16,000 clips; of 100,000 a sample of
2,700, for an error of about .001.
"""

_AT_ONCE = 512
"""Clips of the sample that are looked at together, by a thread."""


@dataclass(frozen=True)
class Covered:
    """by_count: float64[n + 1], the coverage of the first so many clips by rank; by_value: float64[g]."""

    by_count: Float64
    by_value: Float64


def cover(matrix: Float32, rank: Rows, kept: Mask, progress: Progress, max_pairs: int = MAX_PAIRS) -> Covered:
    """Return the coverage of float32[n, d] (L2-normalised, n >= 1) by prefixes of a rank and by each row of bool[g, n].

    As `coverage` defines it. Where n * n is more than `max_pairs`, measured on a sample of the clips by a fixed draw.
    progress: hears of "coverage" by the clips of the sample done.
    """
    n, first = len(matrix), np.argsort(rank)
    groups, having = _alike(kept)
    sample = _sample(n, max_pairs)
    by_count, by_value, done = np.zeros(n + 1), np.zeros(len(kept)), 0

    def look(rows: Rows) -> tuple[int, Float64, Float64]:
        """Return how many clips of the sample these are, and their sums of best cosines: by count, and by value."""
        by_group = np.full((len(having), len(rows)), -1, dtype=np.float32)
        best, sums = np.full(len(rows), -1, dtype=np.float32), np.zeros(n + 1)
        for at, cosines in _cosines(matrix, first, rows, rank):
            _into_groups(cosines, groups[first[at]], by_group)
            np.maximum(cosines[0], best, out=cosines[0])
            np.maximum.accumulate(cosines, axis=0, out=cosines)
            best = cosines[-1]
            sums[at.start + 1 : at.stop + 1] = cosines.sum(axis=1, dtype=np.float64)
        best_sums = [by_group[own].max(axis=0, initial=-1).sum(dtype=np.float64) for own in having.T]
        return len(rows), sums, np.array(best_sums, dtype=np.float64)

    parts = np.array_split(sample, -(-len(sample) // _AT_ONCE))
    for looked, counted, valued in in_order(look, parts, ahead=core_count()):
        by_count, by_value, done = by_count + counted, by_value + valued, done + looked
        progress("coverage", done, len(sample))
    inside = np.concatenate([[0], np.cumsum(np.bincount(rank[sample], minlength=n))])
    of_medoid = alone(matrix)
    return Covered(
        _coverage(np.arange(n + 1), by_count, inside, (n, len(sample)), of_medoid),
        _coverage(kept.sum(axis=1), by_value, kept[:, sample].sum(axis=1), (n, len(sample)), of_medoid),
    )


def _coverage(kept: Rows, sums: Float64, inside: Rows, sizes: tuple[int, int], of_medoid: float) -> Float64:
    """Return the coverage of sets of `kept` of n clips; sums: of the best cosines of a sample; inside: kept ones of it.

    Clips that are kept count as they are, those of the sample speak for the others; sizes: n and the sample's.
    """
    n, sampled = sizes
    if 1 - of_medoid < ROUNDING:
        return np.where(kept > 0, 1.0, 0.0)
    left = sampled - inside
    others = np.where(left > 0, (sums - inside) / np.maximum(left, 1), 1.0)
    found = ((kept + (n - kept) * others) / n - of_medoid) / (1 - of_medoid)
    return np.where(kept > 0, found, 0.0)


def _alike(kept: Mask) -> tuple[Rows, Mask]:
    """Return int64[n], a number for all clips that are kept at the same values, and bool[groups, g], at which."""
    packed = np.ascontiguousarray(np.packbits(kept, axis=0).T)
    if not packed.shape[1]:
        return np.zeros(kept.shape[1], dtype=np.int64), np.zeros((1, 0), dtype=np.bool_)
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, some, groups = np.unique(keys, return_index=True, return_inverse=True)
    return groups, kept[:, some].T


def _sample(n: int, max_pairs: int) -> Rows:
    most = max(1, max_pairs // n)
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, most, replace=False))


def _cosines(matrix: Float32, first: Rows, rows: Rows, rank: Rows) -> Iterator[tuple[slice, Float32]]:
    """Yield slices of the ranks with the cosines float32[c, r] of the clips of these ranks to `rows`; 1 to itself."""
    queries = matrix[rows].T
    step = max(1, BLOCK_CELLS // (4 * len(rows)))  # a thread each holds some of them
    for start in range(0, len(first), step):
        at = slice(start, min(start + step, len(first)))
        cosines = matrix[first[at]] @ queries
        np.minimum(cosines, 1, out=cosines)
        own = np.flatnonzero((rank[rows] >= at.start) & (rank[rows] < at.stop))
        cosines[rank[rows[own]] - at.start, own] = 1
        yield at, cosines


def _into_groups(cosines: Float32, groups: Rows, by_group: Float32) -> None:
    """Raise float32[groups, r] to the highest of the cosines float32[c, r] of each group; groups: int64[c]."""
    order = np.argsort(groups, kind="stable")
    there, starts = np.unique(groups[order], return_index=True)
    by_group[there] = np.maximum(by_group[there], np.maximum.reduceat(cosines[order], starts, axis=0))
