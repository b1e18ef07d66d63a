"""Which of the stored segments of a clip take part, and in what form: shorter clips, wider hops, longer shingles.

The published protocol cuts queries and candidates into shingles of lengths and hops of their own (qslen, qshop, cslen,
cshop). Here the segments are those that the space holds. A hop can be any multiple of theirs. A shingle cannot be
shorter than they are; a longer one is the mean of those that lie within it, which is not what the network would make of
the whole stretch. Other lengths as the network hears them take a space of their own (`embed --set segment_s=...`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...indexing.segment_sets.sets import Sets
from ...schemas.vector import Space

TOLERANCE_S = 0.01
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Shingles:
    """length_s: of a shingle, 0 for the whole clip, None as stored; hop_s: from one to the next, None as stored;
    max_s: of a clip only what lies before (None: all), one segment less than would fit, as published.
    """

    length_s: float | None = None
    hop_s: float | None = None
    max_s: float | None = None

    def __post_init__(self) -> None:
        right = (self.length_s is None or 0 <= self.length_s < np.inf) and all(
            value is None or 0 < value < np.inf for value in (self.hop_s, self.max_s)
        )
        if not right:
            raise UsageError("lengths of shingles are seconds, 0 for the whole clip; hops and clips are longer than 0")


AS_STORED = Shingles()


@dataclass(frozen=True)
class Grid:
    """How the stored segments of a space lie. segment_s: length, None where the space does not say; hop_s: None where
    it does not say and every clip has one segment.
    """

    segment_s: float | None
    hop_s: float | None

    @classmethod
    def of(cls, space: Space, sets: Sets) -> Grid:
        """Return the grid of a space; sets: some of its clips, which are asked where the space does not say."""
        length, hop = _said(space, "segment_s", "window_s"), _said(space, "hop_s")
        inside = np.ones(max(0, len(sets.starts_s) - 1), dtype=np.bool_)
        inside[sets.bounds[1:-1] - 1] = False
        steps = np.diff(sets.starts_s)[inside]
        return cls(length, float(np.median(steps)) if hop is None and len(steps) else hop)


def _said(space: Space, *keys: str) -> float | None:
    """Return the first of these settings that the encoder of a space has."""
    return next((float(space.config[key]) for key in keys if space.config.get(key)), None)


def chosen(sets: Sets, shingles: Shingles, grid: Grid) -> Sets:
    """Return the shingles of each clip; sets: as stored, not normalised. A clip keeps one at least.

    Raises UsageError where the stored segments do not allow it.
    """
    step, width = _steps(shingles, grid), _width(shingles, grid)
    last_s = np.inf if shingles.max_s is None else shingles.max_s - (grid.segment_s or 0.0) - TOLERANCE_S
    parts, starts, sizes = [], [], []
    for begin, end in zip(sets.bounds[:-1].tolist(), sets.bounds[1:].tolist(), strict=True):
        held = max(1, int(np.searchsorted(sets.starts_s[begin:end], last_s)))
        rows = sets.matrix[begin : begin + held]
        first = np.arange(0, max(1, held - (width or held) + 1), step)
        parts.append(rows[first] if width == 1 else _means(rows, first, width or held))
        starts.append(sets.starts_s[begin + first])
        sizes.append(len(first))
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return replace(sets, bounds=bounds, starts_s=np.concatenate(starts), matrix=np.concatenate(parts))


def _steps(shingles: Shingles, grid: Grid) -> int:
    """Return the hop in stored segments."""
    if grid.hop_s is None and not _whole(shingles):
        raise UsageError(
            "the space has one vector a clip: there are no segments for a length, a hop or a maximum to choose among; "
            "leave them out, or name a space of segments"
        )
    if shingles.hop_s is None or grid.hop_s is None:
        return 1
    steps = round(shingles.hop_s / grid.hop_s)
    if steps < 1 or abs(shingles.hop_s - steps * grid.hop_s) > TOLERANCE_S:
        raise UsageError(
            f"a hop of {shingles.hop_s:g} s is no multiple of {grid.hop_s:g} s, that of the stored segments; say one, "
            "or embed into a space with other hops"
        )
    return steps


def _whole(shingles: Shingles) -> bool:
    """Whether of a clip of one segment nothing else is asked for than that."""
    return shingles == AS_STORED or (shingles.length_s == 0 and shingles.max_s is None)


def _width(shingles: Shingles, grid: Grid) -> int:
    """Return how many stored segments a shingle is the mean of; 0: all of a clip."""
    if not shingles.length_s or grid.hop_s is None:
        return 1 if shingles.length_s is None else 0
    if grid.segment_s is None:
        raise UsageError("the space does not say how long its segments are; leave out the length, or say 0")
    more = (shingles.length_s - grid.segment_s) / grid.hop_s
    if more < -TOLERANCE_S or abs(more - round(more)) * grid.hop_s > TOLERANCE_S:
        raise UsageError(
            f"a shingle of {shingles.length_s:g} s cannot be made of segments of {grid.segment_s:g} s every "
            f"{grid.hop_s:g} s: it is as long as one, or whole hops longer; a space of other segments has others"
        )
    return 1 + round(more)


def _means(rows: NDArray[np.float32], first: Rows, width: int) -> NDArray[np.float32]:
    """Return the mean of `width` rows from each of `first` on, or of those that there are."""
    return np.stack([rows[begin : begin + width].mean(axis=0, dtype=np.float64) for begin in first]).astype(np.float32)
