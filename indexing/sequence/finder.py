"""A space that is ready to be asked what plays where, once or many times."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import UsageError
from ...progress import Progress, silent
from ...schemas.clip import Clip
from ...schemas.hit import Match
from ...schemas.vector import Float32, Space
from ..threads import libraries
from .background import Background, background
from .diagonals import Collection, Rows
from .listen import Heard, hear, listen
from .match import Note, Run, Worth, match
from .quiet import SURELY, silences, silent_near
from .songs import SongScores
from .strangers import COHORT
from .timeline import Timeline, open_timeline

if TYPE_CHECKING:
    from ...audio.children.pool import Children
    from ...encoders.base import Encoder
    from ...store.store import Store

MIN_CONFIDENCE = 0.999
"""Of what is found without a threshold of the user's. Music that sounds alike makes it less strict than it says: about
one stranger in a hundred is taken for something (docs/decisions/0009)."""

MAX_GAP_S = 2.0
"""A match goes on over as long a stretch of pairs below the threshold: a voice over the music, a dropped packet."""

PHASED_HOP_S = 0.25
"""From this hop on a query is heard at PHASES phases: half a hop between the segments of the query and those of the
clip is then a good part of what a segment hears."""

PHASES, MAX_PHASES = 2, 8


@dataclass(frozen=True)
class Asked:
    """How to identify. view, where: only among the clips that they keep.

    min_score: the threshold and lowest mean cosine of a match; None is what 999 in 1,000 unrelated pairs of segments
    of the space stay below (`background`), or for a segment that many clips resemble what these reach (`strangers`),
    and then only matches of at least MIN_CONFIDENCE are found.

    phases: on how many grids, each a share of a hop after the one before, the query's segments are laid; None is PHASES
    where those of the space are PHASED_HOP_S apart or more, else 1. Of P, a match lies within 1 / (2 P) of a hop of
    its place.
    """

    view: str | None = None
    where: str | None = None
    min_score: float | None = None
    phases: int | None = None

    def __post_init__(self) -> None:
        if self.min_score is not None and not -1 <= self.min_score <= 1:
            raise UsageError(f"a score is a cosine from -1 to 1, not {self.min_score}")
        if self.phases is not None and not 1 <= self.phases <= MAX_PHASES:
            raise UsageError(f"a query is heard at 1 to {MAX_PHASES} phases, not {self.phases}")


@dataclass(frozen=True)
class Finder:
    """What is needed to identify queries in a space. `open_finder` makes one.

    songs: the ids of the clips that can be found, sorted; min_score: of a user, None for what `unrelated` says; phases:
    at which a query is heard.
    """

    store: Store
    timeline: Timeline
    encoder: Encoder
    collection: Collection
    songs: list[str]
    unrelated: Background
    min_score: float | None
    phases: int
    _clips: dict[str, Clip] = field(default_factory=dict, repr=False)

    def listen(self, path: str | Path, progress: Progress = silent, children: Children | None = None) -> Heard:
        """Return the segments of an audio file of any length; children: what decodes it, None for one of its own."""
        return listen(path, self.encoder, self.timeline.hop_s, progress, phases=self.phases, children=children)

    def hear(self, samples: Float32) -> Heard:
        """Return the segments of a waveform float32[n], mono, at the encoder's rate."""
        return hear(samples, self.encoder, self.timeline.hop_s, phases=self.phases)

    def matches(self, heard: Heard) -> list[Match]:
        """Return the matches of what was heard, the surest first."""
        return [self.told(run, heard) for run in self.runs(heard)]

    def runs(self, heard: Heard, note: Note | None = None) -> list[Run]:
        """Return what is behind `matches`; note: told all that is scored."""
        gap = math.ceil(MAX_GAP_S / self.timeline.hop_s)
        pairs = self._pairs(heard)
        calibrated = self.min_score is None
        least = self.unrelated.excess(MIN_CONFIDENCE, pairs) if calibrated else 0.0
        with libraries().limit(limits=1, user_api="blas"):  # products this small are slower on more threads
            found = match(heard.tracks, self.collection, self.worth, max_gap=gap, min_excess=least, note=note)
        return sorted(found, key=lambda run: -run.excess)

    def song_table(self, scores: SongScores) -> Float32:
        """Return float32[songs, 2] of `scores`: of each of `songs` its score, and the offset in seconds at which the
        query begins in it.
        """
        timeline, (clips, rows) = self.timeline, self._places
        table = np.zeros((len(timeline.clip_ids), 2), dtype=np.float32)
        met = np.flatnonzero(scores.met)
        met = met[np.argsort(scores.table[met, 0], kind="stable")]  # of several pieces of a clip the best is the last
        starts_s = timeline.starts_s[timeline.bounds[met]]
        table[clips[met], 0] = scores.table[met, 0]
        table[clips[met], 1] = scores.table[met, 1] * timeline.hop_s + starts_s
        return np.asarray(table[rows])

    @cached_property
    def _places(self) -> tuple[Rows, Rows]:
        """Return the numbers of the clips int64[p] that pieces are of, and int64[s] of `songs`: among many clips it
        takes longer to tell than a query.
        """
        pieces = np.searchsorted(self.timeline.clip_bounds, self.timeline.bounds[:-1], side="right") - 1
        return pieces, np.searchsorted(self.timeline.clip_ids, self.songs)

    @property
    def worth(self) -> Worth:
        """What pairs are worth; a bad one, at a note that falls between two segments, undoes one perfect pair."""
        if self.min_score is not None:
            return Worth(self.min_score)
        return Worth(self.unrelated.threshold, fair=True, cohort=COHORT, levels=self.unrelated.levels)

    def _pairs(self, heard: Heard) -> float:
        """Return how many pairs of segments a match is the best of."""
        return float(sum(len(track.vectors) for track in heard.tracks) * len(self.timeline))

    def told(self, run: Run, heard: Heard) -> Match:
        """Return what a run means in seconds and files."""
        clip = self._clip(self.timeline.clip_id(run.clip))
        hop_s = self.timeline.hop_s
        late_s = run.phase / run.phases * hop_s
        last_s = self.timeline.start_s(run.clip, run.stop - 1 + run.shift)
        excess = run.excess if self.min_score is None else self._calibrated(run, heard)
        return Match(
            clip.clip_id,
            clip.path,
            query_start_s=run.start * hop_s + late_s,
            query_end_s=min((run.stop - 1) * hop_s + late_s + heard.window_s, heard.seconds),
            clip_start_s=self.timeline.start_s(run.clip, run.start + run.shift),
            clip_end_s=min(last_s + heard.window_s, clip.duration_s),
            score=min(run.score, 1.0),
            confidence=self.unrelated.confidence(excess, self._pairs(heard)),
            segments=len(run.scores),
        )

    def _calibrated(self, run: Run, heard: Heard) -> float:
        """Return the excess over the background of a run that a user's threshold found."""
        floors = self.unrelated.levels(heard.tracks[run.phase].vectors[run.start : run.stop])
        return float(Worth(self.unrelated.threshold, fair=True).of(run.scores, floors)[run.worths != 0].sum())

    def _clip(self, clip_id: str) -> Clip:
        if clip_id not in self._clips:
            self._clips.update({clip.clip_id: clip for clip in self.store.sources([clip_id])})
        return self._clips[clip_id]


@dataclass(frozen=True)
class _Ready:
    """What all finders over a timeline have in common; quiet: float32[m, d], of silence."""

    timeline: Timeline
    encoder: Encoder
    quiet: Float32
    unrelated: Background

    @classmethod
    def of(cls, timeline: Timeline) -> _Ready:
        encoder = timeline.store.encoder(timeline.space)
        quiet = silences(encoder)
        return cls(timeline, encoder, quiet, background(timeline.collection(silent=silent_near(quiet, SURELY))))


def open_finder(store: Store, space: Space, asked: Asked, progress: Progress = silent) -> Finder:
    """Return what identifies queries among the usable clips of a space.

    What does not depend on what is asked is kept with the store object for the next call. Raises UsageError for a space
    without segments or of imported vectors, NotFound for an unknown view.
    """
    timeline = open_timeline(store, space, progress)
    usable = store.clips(["clip_id"], view=asked.view, where=asked.where).column(0).combine_chunks()
    kept = store.kept.get(("ready", space.name))
    ready = kept if isinstance(kept, _Ready) and kept.timeline is timeline else _Ready.of(timeline)
    store.kept["ready", space.name] = ready
    encoder, quiet, unrelated = ready.encoder, ready.quiet, ready.unrelated
    threshold = max(unrelated.threshold, -1.0 if asked.min_score is None else asked.min_score)
    held = timeline.collection(usable, silent_near(quiet, threshold))
    phases = asked.phases or (PHASES if timeline.hop_s >= PHASED_HOP_S else 1)
    songs = sorted(set(timeline.clip_ids).intersection(usable.to_pylist()))
    return Finder(store, timeline, encoder, held, songs, unrelated, asked.min_score, phases)
