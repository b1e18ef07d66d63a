"""The audio of a clip: where it is, what it is, and whether it can still be read."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import BadInput, NotFound, Stale
from ...schemas.clip import Clip
from ...store.keys import rows_of
from ...store.known import CLIPS_TABLE
from ...store.places import place_of
from ...store.reading import why_unread
from ...store.store import Store
from ...store.where import storable

_COLUMNS = [
    *("clip_id", "uris", "mtimes_ns", "size_bytes", "offset_s", "duration_s", "excerpt", "decoded_s"),
    *("sample_rate_hz", "channels", "codec", "detail"),
]


@dataclass(frozen=True)
class Sound:
    """The audio of a clip. sample_rate_hz, channels, codec: of its file; frames: samples a channel of the clip."""

    clip: Clip
    excerpt: bool
    codec: str
    sample_rate_hz: int
    channels: int
    frames: int

    @property
    def duration_s(self) -> float:
        """Seconds of audio."""
        return self.frames / self.sample_rate_hz

    @property
    def version(self) -> tuple[str, int, int]:
        """What changes with the audio: the clip, and when its file was written and how large it is."""
        return self.clip.clip_id, self.clip.mtime_ns, self.clip.size_bytes


def find_sound(store: Store, clip_id: str) -> Sound:
    """Return the audio of a clip, whose file is as it was when it was added.

    Raises NotFound where there is no such clip or its file is gone, Stale where the file has changed, BadInput where
    the clip has no audio.
    """
    rows = rows_of(store.tables, CLIPS_TABLE, _COLUMNS, [clip_id]).to_pylist() if storable(clip_id) else []
    if not rows:
        raise NotFound(f"clip {clip_id[:80]!r} is not in {store.place}")
    row = rows[0]
    frames = round(row["decoded_s"] * row["sample_rate_hz"])
    if frames <= 0 or row["channels"] <= 0:
        raise BadInput(f"clip {clip_id} has no audio to play ({row['detail'] or 'it is of features'})")
    clip = place_of(row)
    if problem := why_unread(clip):
        kind = Stale if problem.reason == "changed" else NotFound
        raise kind(f"{problem.path}: {problem.detail}")
    return Sound(clip, row["excerpt"], row["codec"], row["sample_rate_hz"], row["channels"], frames)
