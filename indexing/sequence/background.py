"""What unrelated segments score, measured on the collection itself: the threshold, and how sure a match is.

Cosines of an encoder have no meaning of their own: in one space strangers score 0.1, in another 0.95. A sample of the
clips is therefore compared with each other. `threshold` is the score that one unrelated pair of segments in a thousand
exceeds. Where it is exceeded, the excesses of a run of pairs on one diagonal sum to S; over all runs of the sample such
sums fall off about exponentially. `scale` is the mean of the slowest such fall that fits one of QUANTILES of them, the
last of which a few copies in the sample do not move: where a collection mixes materials, those that are most alike are
few, and have the longest tail. It is at least a tenth of what a perfect pair has in excess. So unrelated material of P
pairs is expected to hold P rate exp(-S / scale) runs as good as S (the form of Karlin and Altschul's statistics for
local alignments, 1990, its constants measured rather than derived), and `confidence` is the probability that it holds
none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32
from .diagonals import Held, Rows

TAIL = 0.001
"""Share of unrelated pairs above the threshold."""

SAMPLED_CLIPS, SAMPLED_SEGMENTS = 160, 13
"""Clips that are compared with each other, and segments of each, from its middle: at most 4 million pairs. Many clips
with few segments each show more of a mixed collection than few whole ones."""

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
class Background:
    """threshold: cosine; scale: mean excess of a run of unrelated pairs; rate: such runs per pair."""

    threshold: float
    scale: float
    rate: float

    def confidence(self, excess: float, pairs: float) -> float:
        """Return how surely none of `pairs` unrelated pairs of segments begins a run of this excess, in [0, 1]."""
        return math.exp(-min(700.0, self.rate * pairs * math.exp(-max(0.0, excess) / self.scale)))

    def excess(self, confidence: float, pairs: float) -> float:
        """Return the least excess that has at least this confidence."""
        return max(0.0, self.scale * math.log(max(1.0, self.rate * pairs / -math.log(confidence))))


UNKNOWN = Background(threshold=0.9, scale=0.1, rate=1.0)
"""For a collection with nothing to compare: a single segment, or nothing but copies."""


def background(collection: Held) -> Background:
    """Return the background of a collection. The sample is spread evenly over its clips, without chance."""
    rows, clips = _sample(collection.bounds)
    if len(rows) < 2:
        return UNKNOWN
    vectors = collection.fetch(rows)
    sounding = ~collection.silent(vectors)
    vectors, clips = vectors[sounding], clips[sounding]
    if len(vectors) < 2:
        return UNKNOWN
    scores = vectors @ vectors.T
    unrelated = _strangers(scores, clips)
    if not unrelated.any():
        return UNKNOWN
    values = scores[unrelated]
    threshold = float(np.quantile(values, 1 - TAIL))
    runs = _run_excesses(scores, unrelated, clips, threshold)
    tails = np.quantile(runs, QUANTILES) / -np.log1p(-np.array(QUANTILES)) if len(runs) else np.zeros(1)
    mean = float(tails.max())
    return Background(threshold, max(mean, (1 - threshold) / RAREST, 1e-6), max(len(runs), 1) / len(values))


def _sample(bounds: Rows) -> tuple[Rows, Rows]:
    """Return rows of some clips, ascending, and the clip of each."""
    sizes = np.diff(bounds)
    filled = np.flatnonzero(sizes)
    chosen = (
        filled[np.unique(np.linspace(0, len(filled) - 1, SAMPLED_CLIPS).astype(np.int64))] if len(filled) else filled
    )
    counts = np.minimum(sizes[chosen], SAMPLED_SEGMENTS)
    begins = bounds[chosen] + (sizes[chosen] - counts) // 2
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(begins, counts) + within, np.repeat(chosen, counts)


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


def _run_excesses(scores: Float32, unrelated: NDArray[np.bool_], clips: Rows, threshold: float) -> Float32:
    """Return the sums of excesses of runs of pairs above the threshold on one diagonal of two clips, float32[runs]."""
    row, column = np.nonzero(unrelated & (scores > threshold))
    order = np.lexsort((row, column - row, clips[column], clips[row]))
    row, column = row[order], column[order]
    follows = (np.diff(row) == 1) & (np.diff(column) == 1)
    follows &= (np.diff(clips[row]) == 0) & (np.diff(clips[column]) == 0)
    starts = np.flatnonzero(np.append(True, ~follows)) if len(row) else row
    excess = scores[row, column] - np.float32(threshold)
    return np.add.reduceat(excess, starts) if len(row) else excess
