"""Answers to questions about likeness: hits, duplicate groups and the evidence for them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hit:
    """A clip that resembles a query: cosine `score` in [-1, 1], `offset_s` where in the clip the best segment
    starts. By an index of another metric, or as a version (indexing/segment_sets), the score is what that says.
    """

    clip_id: str
    score: float
    offset_s: float
    path: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Alignment:
    """How the waveform of a clip lies on that of its representative.

    offset_s: seconds into the representative at which the clip starts; gain_db: level of the clip over the
    representative; residual_db: energy left after subtracting the best match, relative to the clip's (0 dB: nothing
    explained); overlap_s: seconds compared.
    """

    offset_s: float
    gain_db: float
    residual_db: float
    overlap_s: float


@dataclass(frozen=True)
class SharedStretch:
    """A stretch of a clip, start_s to end_s, that is also in its representative, from representative_start_s on.

    score: mean cosine of the `segments` pairs of segments that lie on each other; confidence: in [0, 1], how surely no
    two unrelated clips of the collection match as long and as well (indexing/sequence/background.py).
    """

    start_s: float
    end_s: float
    representative_start_s: float
    representative_end_s: float
    score: float
    confidence: float
    segments: int


@dataclass(frozen=True)
class Member:
    """A clip of a duplicate group with its cosine `score` to the representative; exact: the same bytes; stretches: what
    the two share, where that was looked for, by start.
    """

    clip_id: str
    score: float
    path: str
    exact: bool = False
    alignment: Alignment | None = None
    stretches: tuple[SharedStretch, ...] = ()


@dataclass(frozen=True)
class DuplicateGroup:
    """A star: every member is within the threshold of the representative, which comes first in `members` with score 1.

    `lowest_pair_score` is the lowest cosine between any two members: how far the star's arms are apart.
    """

    representative: str
    members: tuple[Member, ...]
    lowest_pair_score: float


@dataclass(frozen=True)
class Match:
    """A stretch of a query in which a stretch of a clip plays. Times are seconds from the start of each, to within a
    hop; how they lie on each other, to within a quarter of a hop where the query was heard at two phases.

    score: mean cosine of the `segments` pairs of segments that lie on each other; confidence: in [0, 1], how surely
    nothing unrelated in the collection would match as long and as well (indexing/sequence/background.py).
    """

    clip_id: str
    path: str
    query_start_s: float
    query_end_s: float
    clip_start_s: float
    clip_end_s: float
    score: float
    confidence: float
    segments: int
