"""What unrelated segments score, measured on the collection itself: the thresholds, and how sure a match is.

Cosines of an encoder have no meaning of their own: in one space strangers score 0.1, in another 0.95. A sample of the
clips is therefore compared with each other. `threshold` is the score that one unrelated pair of segments in a thousand
exceeds. But a collection mixes materials, and those that are most alike (words, silence, hiss) set it for all. So each
segment is measured against the sample, too: its level is what the fourth nearest piece of the sample reaches, so that
its own recording in three copies does not count as strange. It counts where it is lower.

Where levels are exceeded, the excesses of a run of pairs on one diagonal sum to S; over all runs of the sample such
sums fall off about exponentially. `scale` is the mean of the slowest such fall that fits one of QUANTILES of them, the
last of which a few copies in the sample do not move: where a collection mixes materials, those that are most alike are
few, and have the longest tail. It is at least a tenth of what a perfect pair has in excess. So unrelated material of P
pairs is expected to hold P rate exp(-S / scale) runs as good as S (the form of Karlin and Altschul's statistics for
local alignments, 1990, its constants measured rather than derived), and `confidence` is the probability that it holds
none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .diagonals import Held, Rows

TAIL = 0.001
"""Share of unrelated pairs above the threshold."""

PIECES, PIECE_SEGMENTS = 320, 13
"""Pieces of clips in the sample, and segments of each. Many short pieces show more of a mixed collection than few long
ones; they lie evenly over all segments, since what is most of a collection is what a query meets most."""

COMPARED = 160
"""So many of the pieces are compared with each other: at most 4 million pairs of segments."""

RANK, ENOUGH, APART = 4, 100, 52
"""Which piece tells a segment's level, about what one pair in a thousand exceeds; of how many pieces at the least; and
how many segments apart. Of fewer or nearer ones, the segment's own recording would be a good part."""

QUANTILES = (0.9, 0.98)
"""Of the excesses of runs, from which the tail is told."""

RAREST = 10.0
"""One pair of segments is never counted as rarer than exp(-RAREST), however few pairs the sample has."""

COPY, COPIED_SEGMENTS = 0.9999, 3
"""Clips with so many segments in a row above this score share a recording, and say nothing of strangers..."""

FAR = 0.7
"""...and so do those that are so far of the way from what two clips usually reach to 1: a recording in many clips, each
time a little different, would else be taken for what is usual among strangers."""


@dataclass(frozen=True)
class Sample:
    """Segments of pieces of clips: vectors float32[m, d], piece by piece; clips, pieces: int64[m], ascending, which
    clip and which piece each is of.
    """

    vectors: Float32
    clips: Rows
    pieces: Rows

    @property
    def count(self) -> int:
        """How many pieces there are."""
        return len(np.unique(self.pieces))

    def every(self, step: int) -> Sample:
        """Return every `step`-th piece."""
        return self.keep(self.pieces % step == 0)

    def keep(self, kept: NDArray[np.bool_]) -> Sample:
        """Return a part of it; kept: bool[m]."""
        return Sample(self.vectors[kept], self.clips[kept], self.pieces[kept])

    def levels(self, vectors: Float32, own: Rows | None = None) -> Float32:
        """Return float32[L]: the cosine of each of the vectors float32[L, d] to the RANK-th nearest piece.

        own: int64[L], the clip that each is of, whose pieces do not count.
        """
        firsts = np.flatnonzero(np.diff(self.pieces, prepend=-1))
        near = np.maximum.reduceat(vectors @ self.vectors.T, firsts, axis=1)
        if own is not None:
            near[own[:, None] == self.clips[firsts]] = -1
        return np.asarray(np.partition(near, -RANK, axis=1)[:, -RANK])


@dataclass(frozen=True)
class Background:
    """threshold: cosine; scale: mean excess of a run of unrelated pairs; rate: such runs per pair; sample: segments
    that others are measured against.
    """

    threshold: float
    scale: float
    rate: float
    sample: Sample | None = field(default=None, repr=False, compare=False)

    def levels(self, vectors: Float32) -> Float32:
        """Return float32[L], at most `threshold`: what strangers rarely score with each of segments float32[L, d]."""
        if self.sample is None:
            return np.full(len(vectors), self.threshold, dtype=np.float32)
        return np.minimum(self.sample.levels(vectors), np.float32(self.threshold))

    def confidence(self, excess: float, pairs: float) -> float:
        """Return how surely none of `pairs` unrelated pairs of segments begins a run of this excess, in [0, 1]."""
        return math.exp(-min(700.0, self.rate * pairs * math.exp(-max(0.0, excess) / self.scale)))

    def excess(self, confidence: float, pairs: float) -> float:
        """Return the least excess that has at least this confidence."""
        return max(0.0, self.scale * math.log(max(1.0, self.rate * pairs / -math.log(confidence))))


UNKNOWN = Background(threshold=0.9, scale=0.1, rate=1.0)
"""For a collection with nothing to compare: a single segment, or nothing but copies."""


def background(collection: Held) -> Background:
    """Return the background of a collection. The sample is spread evenly over its segments, without chance."""
    sample = _sample(collection)
    if len(sample.vectors) < 2:
        return UNKNOWN
    compared = sample.every(-(-sample.count // COMPARED))
    known = sample.every(-(-APART * sample.count // max(int(collection.bounds[-1]), 1)))
    scores = compared.vectors @ compared.vectors.T
    unrelated = _strangers(scores, compared.clips)
    if not unrelated.any():
        return UNKNOWN
    values = scores[unrelated]
    threshold = float(np.quantile(values, 1 - TAIL))
    levels = np.full(len(scores), threshold, dtype=np.float32)
    if enough := known.count >= ENOUGH:
        levels = np.minimum(known.levels(compared.vectors, compared.clips), levels)
    runs = _run_excesses(scores, unrelated, compared.pieces, levels)
    tails = np.quantile(runs, QUANTILES) / -np.log1p(-np.array(QUANTILES)) if len(runs) else np.zeros(1)
    least = (1 - float(np.median(levels))) / RAREST
    return Background(
        threshold, max(float(tails.max()), least, 1e-6), max(len(runs), 1) / len(values), known if enough else None
    )


def _sample(collection: Held) -> Sample:
    """Return the sounding ones of the segments around PIECES places, as far as they are of the clip at the place."""
    bounds, total = collection.bounds, int(collection.bounds[-1])
    count = min(PIECES, -(-total // PIECE_SEGMENTS))
    places = ((np.arange(count) + 0.5) * total / max(count, 1)).astype(np.int64)
    clips = np.searchsorted(bounds, places, side="right") - 1
    size = np.minimum(np.diff(bounds)[clips], PIECE_SEGMENTS)
    begins = np.clip(places - PIECE_SEGMENTS // 2, bounds[clips], bounds[clips + 1] - size)
    pieces = np.repeat(np.arange(count), size)
    rows = begins[pieces] + np.arange(len(pieces)) - np.searchsorted(pieces, pieces)
    vectors = collection.fetch(rows) if len(rows) else np.empty((0, 1), dtype=np.float32)
    sample = Sample(vectors, clips[pieces], pieces)
    return sample.keep(~collection.silent(vectors)) if len(rows) else sample


def _strangers(scores: Float32, clips: Rows) -> NDArray[np.bool_]:
    """Return bool[m, m], upper half: pairs of clips that share no recording, or, where there are none, of different
    segments of one clip.
    """
    firsts = np.flatnonzero(np.diff(clips, prepend=-1))
    of = np.repeat(np.arange(len(firsts)), np.diff(np.append(firsts, len(clips))))
    in_a_row = scores.copy()  # the lowest of COPIED_SEGMENTS pairs on a diagonal
    for step in range(1, COPIED_SEGMENTS):
        goes_on = np.append(clips[step:] == clips[:-step], np.zeros(step, dtype=np.bool_))
        np.minimum(in_a_row, np.roll(scores, (-step, -step), axis=(0, 1)), out=in_a_row)
        in_a_row[~(goes_on[:, None] & goes_on)] = -1
    best = np.maximum.reduceat(np.maximum.reduceat(in_a_row, firsts, axis=0), firsts, axis=1)
    usual = float(np.median(best[np.triu_indices(len(best), 1)])) if len(best) > 1 else 1.0
    apart = np.triu(best <= min(COPY, usual + FAR * (1 - usual)), 1)[np.ix_(of, of)]
    return apart if apart.any() else np.triu(scores <= COPY, 1)


def _run_excesses(scores: Float32, unrelated: NDArray[np.bool_], pieces: Rows, levels: Float32) -> Float32:
    """Return the sums of excesses of runs of pairs above their row's level on one diagonal of two pieces: float32[n].

    levels: float32[m], of the rows.
    """
    row, column = np.nonzero(unrelated & (scores > levels[:, None]))
    order = np.lexsort((row, column - row, pieces[column], pieces[row]))
    row, column = row[order], column[order]
    follows = (np.diff(row) == 1) & (np.diff(column) == 1)
    follows &= (np.diff(pieces[row]) == 0) & (np.diff(pieces[column]) == 0)
    starts = np.flatnonzero(np.append(True, ~follows)) if len(row) else row
    excess = scores[row, column] - levels[row]
    return np.add.reduceat(excess, starts) if len(row) else excess
