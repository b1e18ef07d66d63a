"""Reading the audio of stored clips again, in batches, ahead of whoever works on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from ..audio.clip import read_mono
from ..audio.limits import Limits
from ..errors import BadInput, NotFound
from ..progress import Progress
from ..schemas.clip import Clip
from ..schemas.vector import Float32
from .keys import rows_of
from .known import CLIPS_TABLE
from .pipeline import in_order
from .remote.sources import at_hand
from .source_files import State, state_of

if TYPE_CHECKING:
    from .store import Store

BATCH_CLIPS = 32
"""Clips that are worked on together: enough to fill a GPU with windows, few enough to bound memory."""
BATCH_BYTES = 256 << 20
AHEAD_CLIPS = 2 * BATCH_CLIPS
"""Clips that are read in advance, so that one batch is ready while another is encoded."""


MISSING = "no longer where it was added; put it back, or say where it is by `echodex relocate`"


@dataclass(frozen=True)
class Problem:
    """A file that did not end as ok: where it is, the reason, and a sentence."""

    path: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Heard:
    """A batch of clips with their waveforms, and those that could not be read any more."""

    clips: list[Clip]
    waveforms: list[Float32]
    problems: list[Problem]


def with_audio(rows: pa.Table) -> list[str]:
    """Return the `clip_id` of those rows of the clips table, with `channels`, that are of audio and not of features."""
    found: list[str] = rows.filter(pc.greater(rows.column("channels"), 0)).column("clip_id").to_pylist()
    return found


def audio_clips(
    store: Store, *, view: str | None, where: str | None, clip_ids: Sequence[str] | None = None
) -> list[Clip]:
    """Return the usable clips (of a view, that `where` selects, of `clip_ids`) that are of audio and not removed.

    Neighbours on disk come together. Raises BadInput where there is none.
    """
    wanted = store.clips(["clip_id"], view=view, where=where, clip_ids=clip_ids).column(0)
    held = rows_of(store.tables, CLIPS_TABLE, ["clip_id", "channels"], wanted)  # a view keeps what was removed
    clips = store.sources(with_audio(held))
    if not clips:
        raise BadInput(f"{store.place} has no usable clip with audio; run `echodex add`")
    return sorted(clips, key=lambda clip: clip.path)


def hear(clips: Sequence[Clip], sample_rate_hz: int, *, stage: str, progress: Progress) -> Iterator[Heard]:
    """Yield the waveforms of `clips` (mono, float32, at `sample_rate_hz`) in order, decoded by a pool of threads in
    advance.
    """
    read = in_order(
        lambda clip: _read(clip, sample_rate_hz),
        clips,
        ahead=AHEAD_CLIPS,
        size_bytes=lambda found: getattr(found, "nbytes", 0),
    )
    batch = Heard([], [], [])
    for done, (clip, found) in enumerate(zip(clips, read, strict=True), start=1):
        if isinstance(found, Problem):
            batch.problems.append(found)
        else:
            batch.clips.append(clip)
            batch.waveforms.append(found)
        if len(batch.clips) == BATCH_CLIPS or done == len(clips) or _long(batch):
            yield batch
            batch = Heard([], [], [])
            progress(stage, done, len(clips))


def _long(batch: Heard) -> bool:
    """Whether a few long clips already make a batch."""
    return sum(waveform.nbytes for waveform in batch.waveforms) > BATCH_BYTES


def _changed(clip: Clip) -> str:
    """Return what to do. `add` knows the same bytes again; others are a clip of their own, beside the old one."""
    return (
        "changed since it was added; run `echodex add` on it again, and where that was done, the old sound is gone: "
        f"`echodex remove {clip.clip_id}` lets it go"
    )


def why_unread(clip: Clip) -> Problem | None:
    """Return what keeps a file from being read as it was when it was added: it is gone, or has changed; else None."""
    state = state_of(clip.path, clip.mtime_ns, clip.size_bytes)
    if state is State.SAME:
        return None
    return Problem(clip.path, state, MISSING if state is State.MISSING else _changed(clip))


def _read(clip: Clip, sample_rate_hz: int) -> Float32 | Problem:
    try:
        if problem := why_unread(clip):
            return problem
        limits = Limits(max_decoded_s=clip.duration_s + 1.0)  # what was accepted when it was added, however long
        return read_mono(
            at_hand(clip.path), sample_rate_hz, offset_s=clip.offset_s, duration_s=clip.duration_s, limits=limits
        )
    except (OSError, NotFound):
        return Problem(clip.path, "missing", MISSING)
    except BadInput as error:
        return Problem(clip.path, "unreadable", str(error))
