"""Telling by fingerprints: two clips are the same recording where most of the shorter lies on the other, in one run.

Cheaper than aligning waveforms, and it hears through what changes a waveform beyond alignment: rooms, telephones, low
bit rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ...schemas.hit import SharedStretch
from ...schemas.vector import Float32
from ..sequence.background import Background
from ..sequence.diagonals import Collection, Rows, Silent
from ..sequence.finder import MAX_GAP_S
from ..sequence.match import Run, Track, Worth, match
from .verify import MIN_OVERLAP

AT_ONCE = 64
"""Clips whose fingerprints are asked for together: one call of the store takes as long as reading these."""

K_PROBE = 20
"""Segments of the one clip that each segment of the other votes for, as of a whole collection."""

MIN_CONFIDENCE = 0.999
"""That no two unrelated clips of such lengths are as long and as well alike: thousands of pairs are asked."""


class FingerprintVerifier:
    """Compares clips by their fingerprints.

    fingerprints: the segments float32[s, d] of each of some rows, unit rows `hop_s` apart that hear `window_s` each,
    none where a clip cannot be read; unrelated: what strangers score; silent: which vectors are of silence.
    """

    def __init__(
        self,
        fingerprints: Callable[[Sequence[int]], list[Float32]],
        unrelated: Background,
        silent: Silent,
        hop_s: float,
        window_s: float,
    ) -> None:
        self._fingerprints = fingerprints
        self._unrelated = unrelated
        self._silent = silent
        self._hop_s, self._window_s = hop_s, window_s
        self._worth = Worth(unrelated.threshold, fair=True)

    def same_recording(self, reference: int, candidates: Sequence[int]) -> dict[int, SharedStretch]:
        """Return those of the rows `candidates` that are the recording `reference`, and the stretch that lies on it."""
        [first] = self._fingerprints([reference])
        found = {}
        for start in range(0, len(candidates), AT_ONCE):
            block = candidates[start : start + AT_ONCE]
            for row, other in zip(block, self._fingerprints(block), strict=True):
                if stretch := self._stretch(first, other):
                    found[row] = stretch
        return found

    def _stretch(self, first: Float32, other: Float32) -> SharedStretch | None:
        """Return what of `other` lies on `first`, if that makes them the same recording."""
        if not len(first) or not len(other):
            return None
        pairs = float(len(first) * len(other))
        least = self._unrelated.excess(MIN_CONFIDENCE, pairs)
        track = Track(other, ~self._silent(other))
        gap = math.ceil(MAX_GAP_S / self._hop_s)
        runs = match([track], self._all_of(first), self._worth, k_probe=K_PROBE, max_gap=gap, min_excess=least)
        best = max(runs, key=lambda run: run.excess, default=None)
        if best is None or len(best.scores) < MIN_OVERLAP * min(len(first), len(other)):
            return None
        return self._told(best, pairs)

    def _all_of(self, clip: Float32) -> Collection:
        """Return a collection of one clip."""

        def search(queries: Float32, k: int) -> tuple[Rows, Float32]:
            import faiss

            scores, rows = faiss.knn(queries, clip, min(k, len(clip)), metric=faiss.METRIC_INNER_PRODUCT)
            return rows, scores

        return Collection(np.array([0, len(clip)]), lambda rows: clip[rows], self._silent, search=search)

    def _told(self, run: Run, pairs: float) -> SharedStretch:
        lies = run.start + run.shift
        length_s = (len(run.scores) - 1) * self._hop_s + self._window_s
        return SharedStretch(
            run.start * self._hop_s,
            run.start * self._hop_s + length_s,
            lies * self._hop_s,
            lies * self._hop_s + length_s,
            min(run.score, 1.0),
            self._unrelated.confidence(run.excess, pairs),
            len(run.scores),
        )
