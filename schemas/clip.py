"""One row per clip: a recording, or an excerpt of one, named by content."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from .condition import Reason as Reason  # noqa: PLC0414  (of a clip, whoever asks)
from .condition import Status as Status  # noqa: PLC0414

PRIMARY_KEY = {b"lance-schema:unenforced-primary-key": b"true"}

CLIPS = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
        pa.field("uris", pa.list_(pa.string())),
        pa.field("mtimes_ns", pa.list_(pa.int64())),
        pa.field("size_bytes", pa.int64()),
        pa.field("content_hash", pa.string()),
        pa.field("offset_s", pa.float64()),
        pa.field("duration_s", pa.float64()),
        pa.field("excerpt", pa.bool_()),
        pa.field("expected_s", pa.float64()),
        pa.field("decoded_s", pa.float64()),
        pa.field("sample_rate_hz", pa.int32()),
        pa.field("channels", pa.int32()),
        pa.field("codec", pa.string()),
        pa.field("status", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("detail", pa.string()),
        pa.field("title", pa.string()),
        pa.field("artist", pa.string()),
        pa.field("album", pa.string()),
        pa.field("track", pa.string()),
        pa.field("work", pa.string()),
        pa.field("rendition", pa.string()),
        pa.field("split", pa.string()),
        pa.field("fold", pa.string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("extra", pa.string()),
        pa.field("added_at", pa.timestamp("us", tz="UTC")),
        pa.field("row_sum", pa.binary(16)),
    ]
)
"""`uris` and `mtimes_ns` run in parallel: every place the same bytes were seen, and when each was last modified."""

DESCRIPTIVE = ("title", "artist", "album", "track", "work", "rendition", "split", "fold")
"""Text columns that a labels CSV or the file's own tags may fill."""


@dataclass(frozen=True)
class Source:
    """One thing to add: a file or an excerpt of one, with what the user says about it.

    `offset_s` and `duration_s` are seconds; `duration_s` None means to the end. `labels` are the clip's labels,
    `fields` the DESCRIPTIVE columns, `extra` every other column of a labels file. `part` is what a file that holds
    several recordings calls this one, such as a dataset of an HDF5 file.
    """

    path: str
    offset_s: float = 0.0
    duration_s: float | None = None
    labels: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    part: str = ""

    @property
    def is_excerpt(self) -> bool:
        """Whether this is less than the whole file."""
        return self.offset_s > 0.0 or self.duration_s is not None or bool(self.part)


@dataclass(frozen=True)
class Clip:
    """Where a clip's audio is: enough to read it again, and to see that the file is still the one that was added."""

    clip_id: str
    path: str
    offset_s: float
    duration_s: float
    mtime_ns: int
    size_bytes: int
