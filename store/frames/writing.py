"""Writing frames: as float16, many clips to a commit, each once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadInput, UsageError
from ...progress import Progress
from ..blob_writing import Blob, BlobReport, BlobWriter
from ..tables import Tables
from .layout import FrameLayout, frames_table, layout_of
from .table import FRAMES, VALUE_BYTES

if TYPE_CHECKING:
    from ..store import Store

LARGEST = float(np.finfo(np.float16).max)


@dataclass
class FramesReport(BlobReport):
    """What was done for frames, and what they are."""

    layout: FrameLayout = field(default_factory=FrameLayout)


class FrameWriter:
    """Appends frames to the table called `name`, which is made where it is not there.

    ahead: the clips are written after their frames. Raises UsageError where the table is there and its frames are of
    another layout.
    """

    def __init__(self, tables: Tables, name: str, layout: FrameLayout, *, ahead: bool = False) -> None:
        self.report = FramesReport(frames_table(name), layout=layout)
        there = layout_of(tables, self.report.table) if tables.exists(self.report.table) else layout
        if there != layout:
            table = self.report.table
            empty = "" if tables.count(table) else f", or remove the folder {tables.place}/{table}.lance: it is empty"
            raise UsageError(
                f"{table} holds {there}, and these are {layout}: they never mix; give these another name, as "
                f"frames=NAME{empty}"
            )
        self.blobs = BlobWriter(tables, self.report, FRAMES, layout.to_metadata(), ahead=ahead)

    @property
    def ids(self) -> set[str]:
        """The clips that the table holds."""
        return self.blobs.ids

    def add(self, clip_id: str, frames: NDArray[Any]) -> None:
        """Take the frames of a clip, magnitudes [t, bins]; commit once there are enough, or it is time.

        Raises BadInput for frames of another shape, none at all, or values that float16 does not hold.
        """
        made = frames_blob(clip_id, frames, self.report.layout.bins)
        self.blobs.add(clip_id, made.blob, *made.told)

    def commit(self) -> None:
        """Write what is waiting."""
        self.blobs.commit()

    def finish(self) -> FramesReport:
        """Write what is waiting; return what was done."""
        self.blobs.finish()
        layout = self.report.layout
        self.report.hours = self.report.size_bytes / (VALUE_BYTES * layout.bins) * layout.hop_s / 3600
        return self.report


def frames_blob(clip_id: str, frames: NDArray[Any], bins: int) -> Blob:
    """Return the magnitudes [t, bins] of a clip as they are stored. Raises BadInput as `FrameWriter.add`."""
    try:
        check_magnitudes(frames, bins)
    except BadInput as error:
        raise BadInput(f"clip {clip_id[:80]} {error}") from error
    return Blob(np.ascontiguousarray(frames, "<f2").tobytes(), (len(frames),))


def check_magnitudes(frames: NDArray[Any], bins: int) -> None:
    """Raise BadInput for frames of another shape than [t, bins], or of values that float16 does not hold."""
    if frames.ndim != 2 or frames.shape[1] != bins or not len(frames):
        raise BadInput(f"has frames of shape {frames.shape}; it must be (frames, {bins})")
    if not 0 <= frames.min() <= frames.max() <= LARGEST:
        raise BadInput(f"has values that are no magnitudes: all must be from 0 to {LARGEST:.0f}, and finite")


def write_frames(
    store: Store,
    name: str,
    layout: FrameLayout,
    clips: Iterable[tuple[str, NDArray[Any]]],
    *,
    progress: Progress,
) -> FramesReport:
    """Write the frames of clips of the store, (clip id, magnitudes [t, bins]), to the table called `name`.

    Those that it holds are passed over. Raises UsageError for a table of another layout, BadInput for odd frames; what
    came before stays.
    """
    writer = FrameWriter(store.tables, name, layout)
    try:
        for done, (clip_id, frames) in enumerate(clips, start=1):
            if clip_id in writer.ids:
                writer.report.known += 1
            else:
                writer.add(clip_id, frames)
            progress("frames", done, None)
    finally:
        report = writer.finish()
    return report
