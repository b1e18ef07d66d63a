"""A query put to a space: the best place for it, and what `identify` would say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from ...indexing.sequence.finder import Finder
from ...indexing.sequence.songs import SongScores
from ...schemas.vector import Float32

NEAR_S = 0.5
"""A place this far off is right still."""


@dataclass(frozen=True)
class Place:
    """Where a query begins: seconds into a clip."""

    clip_id: str
    start_s: float

    def is_at(self, clip_id: str, start_s: float) -> bool:
        """Tell whether it is this place, to within NEAR_S."""
        return self.clip_id == clip_id and abs(self.start_s - start_s) <= NEAR_S


@dataclass(frozen=True)
class Reply:
    """best: the place of the highest score, sure or not, None where nothing was near at all; told: the surest match of
    `identify`, None where it finds that nothing known plays.
    """

    best: Place | None
    told: Place | None


def ask(finder: Finder, waveform: Float32) -> Reply:
    """Return where a query, float32[n] at the encoder's rate, plays."""
    heard = finder.hear(waveform)
    scores = SongScores(len(finder.collection.bounds) - 1)
    runs = finder.runs(heard, scores.note)
    table = finder.song_table(scores)
    first = int(np.argmax(table[:, 0])) if scores.met.any() else -1
    best = Place(finder.songs[first], float(table[first, 1])) if first >= 0 else None
    if not runs:
        return Reply(best, None)
    match = finder.told(runs[0], heard)
    return Reply(best, Place(match.clip_id, match.clip_start_s - match.query_start_s))


def among(finder: Finder, clip_ids: Sequence[str]) -> Finder:
    """Return a finder that finds these clips alone, as if no other were in the space."""
    collection = finder.timeline.collection(pa.array(list(clip_ids), pa.string()), finder.collection.silent)
    return replace(finder, collection=collection, songs=sorted(clip_ids))
