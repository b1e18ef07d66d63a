"""What clips are compared by when duplicates are looked for: their mean vectors, or each segment of theirs.

The score of two clips is the highest cosine of a part of the one and a part of the other. With one part each, the mean,
that is the cosine of the means. With all segments, the best pair counts: an excerpt is found in the recording that it
was cut from, however far apart the means of the two lie. So is whatever else they share, be it a jingle, or silence to
which the encoder gives a vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..indexing.groups.distinct import UnbarredPairs
from ..indexing.groups.pairs import NearPairs, near_pairs
from ..indexing.groups.stars import Pairs
from ..indexing.near import rows_of
from ..progress import Progress, silent
from ..schemas.vector import Float32
from ..store.shards import Workers
from .apart import Apart, Barred
from .coverage import nearest_within

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

MAX_PAIRS = 1 << 26
"""Pairs of clips that are held, each seen from both sides (268 MB)."""


@dataclass(frozen=True)
class Parts:
    """The parts of n clips. matrix: float32[p, d], L2-normalised; starts: int64[n + 1], where those of each clip begin;
    a clip has at least one.
    """

    matrix: Float32
    starts: Rows

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def single(self) -> bool:
        """Whether every clip has one part, its own row."""
        return len(self.matrix) == len(self)

    def owners(self) -> Rows:
        """Return int64[p]: the clip of each part."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))

    def take(self, clips: Rows) -> Parts:
        """Return the parts of `clips`, in that order."""
        if self.single:
            return one_each(rows_of(self.matrix, clips))
        sizes = np.diff(self.starts)[clips]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        rows = np.arange(starts[-1]) + np.repeat(self.starts[clips] - starts[:-1], sizes)
        return Parts(self.matrix[rows], starts)

    def nearest(self, others: Parts, min_score: float, barred: Barred | None = None) -> tuple[Rows, Float32, Mask]:
        """Return for each clip the one of the m >= 1 `others` of highest score, int64[n], that score, float32[n], and
        whether it is at least `min_score`, bool[n], as `near_clips` decides.

        barred: others that do not count for a clip, which may be all of them: then it is near none. Scores are computed
        block by block.
        """
        if barred is not None:
            barred = barred.take(self.owners(), others.owners())
        rows, scores, near = nearest_within(self.matrix, others.matrix, min_score, barred)
        if self.single and others.single:
            return rows, scores, near
        best = np.lexsort((-scores, ~near, self.owners()))[self.starts[:-1]]
        return others.owners()[rows[best]], scores[best], near[best]

    def scores(self, one: Rows, other: Rows) -> Float32:
        """Return float32[q]: the score of clips one[i] and other[i]."""
        if self.single:
            return np.asarray(np.einsum("ij,ij->i", self.matrix[one], self.matrix[other]))
        spans = [slice(*bounds) for bounds in zip(self.starts[:-1].tolist(), self.starts[1:].tolist(), strict=True)]
        pairs = zip(one.tolist(), other.tolist(), strict=True)
        best = [(self.matrix[spans[a]] @ self.matrix[spans[b]].T).max() for a, b in pairs]
        return np.array(best, dtype=np.float32)


@dataclass(frozen=True)
class ClipPairs:
    """The clips near each clip. starts: int64[n + 1]; others: int32[q], who is near clip i from starts[i] on; recall:
    of the pairs of parts, as of NearPairs.
    """

    starts: Rows
    others: NDArray[np.int32]
    recall: float

    @property
    def counts(self) -> Rows:
        """int64[n]: how many others are near each clip."""
        return np.diff(self.starts)

    def near(self, row: int) -> Rows:
        """Return the clips near a clip, ascending, without itself."""
        return self.others[self.starts[row] : self.starts[row + 1]].astype(np.int64)


def one_each(matrix: Float32) -> Parts:
    """Return the clips of float32[n, d] with one part each, their row."""
    return Parts(matrix, np.arange(len(matrix) + 1))


def joined(one: Parts, other: Parts) -> Parts:
    """Return the clips of `one`, and then those of `other`."""
    return Parts(
        np.concatenate([one.matrix, other.matrix]), np.concatenate([one.starts, one.starts[-1] + other.starts[1:]])
    )


def near_clips(
    parts: Parts,
    min_score: float,
    apart: Apart | None = None,
    progress: Progress = silent,
    workers: Workers | None = None,
) -> Pairs:
    """Return the pairs of clips with a score of at least `min_score`, but for those that `apart` bars; progress,
    workers: as of `near_pairs`.

    Raises UsageError where there are more than MAX_PAIRS because many clips share a segment.
    """
    pairs = near_pairs(parts.matrix, min_score, progress, workers)
    found = pairs if parts.single else _by_clip(parts, pairs)
    return found if apart is None else UnbarredPairs(found, apart)


def _by_clip(parts: Parts, pairs: NearPairs) -> ClipPairs:
    """Return who is near whom, from pairs of parts; memory O(n + MAX_PAIRS)."""
    owners, marked = parts.owners(), np.zeros(len(parts), dtype=np.bool_)
    counts, found, held = np.zeros(len(parts), dtype=np.int64), [np.zeros(0, np.int32)], 0
    having = np.flatnonzero(pairs.counts)
    clips, begins = np.unique(owners[having], return_index=True)
    for clip, own in zip(clips.tolist(), np.split(having, begins)[1:], strict=True):
        for part in own.tolist():
            marked[owners[pairs.near(part)]] = True
        marked[clip] = False
        others = np.flatnonzero(marked)
        marked[others] = False
        held += len(others)
        if held > MAX_PAIRS:
            raise UsageError(
                "too many clips share a segment, such as silence or a jingle, to compare them by their best pair: "
                "give a higher duplicate score, or match='mean'"
            )
        counts[clip] = len(others)
        found.append(others.astype(np.int32))
    return ClipPairs(np.concatenate([[0], np.cumsum(counts)]), np.concatenate(found), pairs.recall)
