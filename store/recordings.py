"""Which clips are of one recording: excerpts of a file of audio; a file of features holds many."""

from __future__ import annotations

import pyarrow as pa

RECORDING_COLUMNS = ["clip_id", "uris", "channels"]
"""The columns of the clips table that say it."""


def recordings_of(clips: pa.Table) -> list[str]:
    """Return what names the recording of each row of the clips table, with RECORDING_COLUMNS: the file, the first of
    several places, or for a clip without audio its id.
    """
    columns = (clips.column(name).to_pylist() for name in RECORDING_COLUMNS)
    return [min(uris) if channels else clip_id for clip_id, uris, channels in zip(*columns, strict=True)]
