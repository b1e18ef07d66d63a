"""Sequence match: which stretches of a query lie on which stretches of which clips, from nothing but arrays.

Along each candidate diagonal the pairs of segments have cosines s_o, each worth s_o - threshold. A run is a stretch of
pairs whose sum of worths, its excess, is largest (Kadane's maximum sum): cutting off either end would not raise it. At
most `max_gap` pairs below the threshold in a row are bridged. Of runs that claim the same stretch of the query the one
of larger excess wins.

A query may come in several tracks of segments, each a share of a hop after the one before: a clip's segments then lie
nearer to those of one track or another. A run is of one track.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .diagonals import Cells, Collection, Diagonals, candidates, scored
from .strangers import elsewhere, stranger_depth, stranger_levels

MIN_LEFT = 0.5
"""Of a run that lies over better ones, what is left is a match of its own if it has this share of the excess; less is
the same finding, seen a little displaced."""

ROUNDING = 1e-9
"""What two ways to add up the same worths may differ by."""

Float64 = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Worth:
    """What a pair of segments says for a match: its cosine less the query segment's floor, which is `threshold`.

    fair: a bad pair undoes no more than what a perfect one says. cohort: where it is not 0, a segment that so many
    clips resemble has a higher floor (see `strangers`). levels: takes segments float32[L, d] of a query and returns
    floors float32[L] in the place of `threshold`, none above it.
    """

    threshold: float
    fair: bool = False
    cohort: int = 0
    levels: Callable[[Float32], Float32] | None = None

    def floors(self, vectors: Float32) -> Float32:
        """Return the floors float32[L] of a query's segments float32[L, d]."""
        if self.levels is None:
            return np.full(len(vectors), self.threshold, dtype=np.float32)
        return self.levels(vectors)

    def of(self, scores: Float32, floors: Float32 | float) -> Float64:
        """Return the worth float64[n] of pairs with these cosines, above these floors float32[n]."""
        worths: Float64 = scores.astype(np.float64) - floors
        return np.maximum(worths, np.subtract(floors, 1.0)) if self.fair else worths


@dataclass(frozen=True)
class Track:
    """Segments of a query, a hop apart: vectors float32[L, d], unit rows; sounding: bool[L], False for silence."""

    vectors: Float32
    sounding: Mask


class Note(Protocol):
    """Takes in what is scored."""

    def __call__(self, diagonals: Diagonals, cells: Cells, length: int, late: float) -> None:
        """Take in whole diagonals of a track of `length` segments that begins `late` hops after the query."""


@dataclass(frozen=True)
class Run:
    """Segments start to start + n of a query's track that lie on segments start + shift onwards of a clip.

    scores: float32[n], the cosine of each pair; worths: float64[n], what each says for a match; the track is number
    `phase` of `phases`.
    """

    clip: int
    shift: int
    start: int
    scores: Float32
    worths: Float64
    phase: int = 0
    phases: int = 1

    @property
    def stop(self) -> int:
        """The query segment after the last."""
        return self.start + len(self.scores)

    @property
    def score(self) -> float:
        """Mean cosine: that of the published evaluations, where the run is the whole query."""
        return float(self.scores.mean(dtype=np.float64))

    @property
    def excess(self) -> float:
        """The sum of what the pairs are worth."""
        return float(self.worths.sum())

    @property
    def slots(self) -> slice:
        """The shares of a hop that the run claims of the query."""
        return slice(self.start * self.phases + self.phase, self.stop * self.phases + self.phase)


def match(
    tracks: Sequence[Track],
    collection: Collection,
    worth: Worth,
    *,
    k_probe: int = 20,
    max_gap: int = 4,
    min_excess: float = 0.0,
    note: Note | None = None,
) -> list[Run]:
    """Return the runs of a query, by where they start.

    tracks: P of them, at the collection's hop, each 1 / P of a hop after the one before. No two runs claim the same
    time of the query, none crosses a border of its clip, each has an excess above `min_excess`. A pair of which either
    segment is silence is worth nothing. Among equal excesses the clip of smaller number wins, then the smaller shift.
    Where `worth` is not fair and has no levels, the mean cosine of a run is above the threshold. note: told all that is
    scored.
    """
    found: list[Run] = []
    if not any(len(track.vectors) for track in tracks):
        return found
    looks = _looks(tracks, collection, worth, k_probe)
    for phase, (track, look) in enumerate(zip(tracks, looks, strict=True)):
        told = partial(note, length=len(track.vectors), late=phase / len(tracks)) if note else None
        found += _runs_of(track, look, collection, worth, (max_gap, min_excess), (phase, len(tracks)), told)
    strangers = [Strangers(collection.clip, worth, look.floors, look.common) for look in looks]

    def telling(run: Run) -> Iterator[Run]:
        return strangers[run.phase].telling(run, tracks[run.phase].vectors, min_excess)

    slots = max((run.slots.stop for run in found), default=0)
    return sorted(chosen(found, slots, min_excess, telling), key=lambda run: run.slots.start)


@dataclass(frozen=True)
class _Look:
    """A first look at a track of L segments: diagonals that it could lie on; of each segment floors: float32[L], and
    common: float32[L], what many clips reach.
    """

    diagonals: Diagonals
    floors: Float32
    common: Float32


def _looks(tracks: Sequence[Track], collection: Collection, worth: Worth, k_probe: int) -> list[_Look]:
    """Return a look at each track. They are searched together: segments a part of a hop apart lie near each other, so
    that an index reads the same cells for them.
    """
    vectors = np.concatenate([track.vectors for track in tracks])
    rows, near = collection.search(vectors, max(k_probe, stranger_depth(worth.cohort)))
    common = stranger_levels(collection.pieces_of(rows), near, worth.cohort)
    ends = np.cumsum([len(track.vectors) for track in tracks])[:-1]
    parts = (np.split(each, ends) for each in (rows[:, :k_probe], worth.floors(vectors), common))
    return [_Look(candidates(own, collection.bounds), *levels) for own, *levels in zip(*parts, strict=True)]


def _runs_of(
    track: Track,
    look: _Look,
    collection: Collection,
    worth: Worth,
    limits: tuple[int, float],
    phase: tuple[int, int],
    told: Callable[[Diagonals, Cells], None] | None,
) -> Iterator[Run]:
    """Yield all runs of one track, whatever they claim, and whoever resembles them. limits: max_gap, min_excess; phase:
    of how many.
    """
    (max_gap, min_excess), diagonals = limits, look.diagonals
    for cells in scored(track.vectors, look.floors, collection, diagonals):
        if told:
            told(diagonals, cells)
        quiet = cells.silent | ~track.sounding[cells.position]
        worths = worth.of(cells.scores, look.floors[cells.position])
        worths[quiet] = np.minimum(worths[quiet], 0.0)
        alike = (worths > 0) | (quiet & (cells.scores > worth.threshold))
        for begin, end in stretches_of(cells, worths, alike, max_gap, min_excess):
            for first, last in best_parts(worths[begin:end], min_excess):
                which = int(cells.diagonal[begin])
                part = slice(begin + first, begin + last)
                clip, shift = int(diagonals.clips[which]), int(diagonals.shifts[which])
                start = int(cells.position[begin]) + first
                yield Run(clip, shift, start, cells.scores[part].copy(), worths[part].copy(), *phase)


class Strangers:
    """A second look at runs of segments that many clips resemble (`strangers`); of a track, floors: float32[L], common:
    float32[L], what many clips reach. clip: the vectors float32[n, d] of a clip, which are kept for its other runs.
    """

    def __init__(self, clip: Callable[[int], Float32], worth: Worth, floors: Float32, common: Float32) -> None:
        self._clip = cache(clip)
        self._worth = worth
        self._floors = floors
        self._common = common

    def telling(self, run: Run, queries: Float32, min_excess: float) -> Iterator[Run]:
        """Yield the parts of a run that stand out from strangers: all of it where no segment is common."""
        own = slice(run.start, run.stop)
        floors, common = self._floors[own], self._common[own]
        if not (common > floors).any():
            yield run
            return
        common = np.minimum(common, elsewhere(queries[own], self._clip(run.clip)))
        worths = self._worth.of(run.scores, np.maximum(floors, common))
        worths = np.minimum(run.worths, worths)  # of silence, still nothing
        for first, last in best_parts(worths, min_excess):
            part = slice(first, last)
            yield replace(run, start=run.start + first, scores=run.scores[part], worths=worths[part])


def stretches_of(
    cells: Cells, worths: Float64, alike: Mask, max_gap: int, min_excess: float
) -> Iterator[tuple[int, int]]:
    """Yield (first, last + 1) of the cells of each stretch that can hold a run: on one diagonal, `alike` at both ends,
    no more than `max_gap` others in a row within. worths, alike: of each cell.
    """
    above = np.flatnonzero(alike)
    if not len(above):
        return
    jump = (np.diff(cells.position[above]) > max_gap + 1) | (np.diff(cells.diagonal[above]) != 0)
    firsts = np.append(0, np.flatnonzero(jump) + 1)
    lasts = np.append(firsts[1:], len(above)) - 1
    most = np.add.reduceat(np.maximum(worths[above], 0.0), firsts)
    for stretch in np.flatnonzero(most > min_excess):
        yield int(above[firsts[stretch]]), int(above[lasts[stretch]]) + 1


def best_parts(worths: Float64, min_excess: float) -> Iterator[tuple[int, int]]:
    """Yield (first, last + 1) of the part of largest excess of float64[n], then the same for what is left on either
    side of it; the shortest where pairs at an end are worth nothing.
    """
    gains = _sums(np.maximum(worths, 0.0))
    waiting = [(0, len(worths))]
    while waiting:
        begin, end = waiting.pop()
        if gains[end] - gains[begin] <= min_excess - ROUNDING:
            continue
        total = _sums(worths[begin:end])
        last = int((total - np.minimum.accumulate(total)).argmax())
        first = last - int(total[last::-1].argmin())
        if last > first and total[last] - total[first] > min_excess:
            yield begin + first, begin + last
            waiting += [(begin, begin + first), (begin + last, end)]


def _sums(values: Float64) -> Float64:
    """Return float64[n + 1]: the sums of the first 0, 1, ... n values."""
    sums = np.zeros(len(values) + 1)
    np.cumsum(values, out=sums[1:])
    return sums


def chosen(
    runs: list[Run], slots: int, min_excess: float, telling: Callable[[Run], Iterable[Run]] | None = None
) -> list[Run]:
    """Return runs that share no time of the query, taken by falling excess; what others leave of one is tried again.

    telling: gives the parts that remain of a run after a second look, none of a larger excess. Only what better runs
    leave free is looked at again, with the same outcome as if all were.
    """
    free = np.ones(slots, dtype=np.bool_)
    chosen = []
    waiting = [_entry(run, sure=telling is None) for run in runs]
    heapq.heapify(waiting)
    while waiting:
        *_, sure, run = heapq.heappop(waiting)
        if telling and not sure:
            for part in telling(run) if free[run.slots].any() else ():
                heapq.heappush(waiting, _entry(part, sure=True))
        elif free[run.slots].all():
            free[run.slots] = False
            chosen.append(run)
        elif left := _left(run, free, min_excess):
            heapq.heappush(waiting, _entry(left, sure=True))
    return chosen


def _entry(run: Run, *, sure: bool) -> tuple[float, int, int, int, bool, Run]:
    return -run.excess, run.clip, run.shift, run.slots.start, sure, run


def _left(run: Run, free: Mask, min_excess: float) -> Run | None:
    """Return the best part of a run on free time of the query, if it is worth keeping."""
    best: Run | None = None
    least = max(min_excess, MIN_LEFT * run.excess)
    whole = free[run.slots].reshape(-1, run.phases).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], whole, [False]]).astype(np.int8)))
    for begin, end in edges.reshape(-1, 2).tolist():
        part = next(best_parts(run.worths[begin:end], least), None)
        if part:
            kept = slice(begin + part[0], begin + part[1])
            best = replace(run, start=run.start + kept.start, scores=run.scores[kept], worths=run.worths[kept])
            least = best.excess
    return best
