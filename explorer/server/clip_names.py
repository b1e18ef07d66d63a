"""What a clip is called on the page, and the few lines that lists tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...schemas.vector import Float32
from ...store.tables import Tables
from .snapshot import Snapshot

LINE_COLUMNS = ("uris", "duration_s", "offset_s", "excerpt", "labels", "split")


def file_names(uris: pa.ChunkedArray) -> pa.Array:
    """Return the name of each clip's file: what follows the last slash of its first place."""
    firsts = pc.list_element(uris.combine_chunks(), 0)
    return pc.replace_substring_regex(firsts, r"^.*/", "")


@dataclass(frozen=True)
class Spans:
    """Of each clip where in its file it begins, and how long it is: float32[n], seconds, NaN where nobody knows; and
    whether it is less than the file: bool[n].
    """

    offset_s: Float32
    duration_s: Float32
    excerpt: NDArray[np.bool_]


def read_spans(tables: Tables, snapshot: Snapshot) -> Spans:
    """Return which part of its file each clip of a snapshot is: 9 MB of a million clips."""
    offset_s, duration_s = (
        snapshot.column(tables, name).to_numpy().astype(np.float32) for name in ("offset_s", "duration_s")
    )
    excerpt = pc.fill_null(snapshot.column(tables, "excerpt"), False).to_numpy()
    return Spans(offset_s, duration_s, excerpt)


def name_of(uri: str, excerpt: bool, offset_s: float | None, duration_s: float | None) -> str:
    """Return the name of a clip's file, and of an excerpt from where to where in the file it goes."""
    name = uri.rpartition("/")[2]
    if not excerpt or not duration_s:
        return name
    start = offset_s or 0.0
    return f"{name} [{_clock(start)}-{_clock(start + duration_s)}]"


def lines(tables: Tables, snapshot: Snapshot, clip_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return row (None where it has none), clip_id, name, duration_s, labels and split of clips, in the order given."""
    found = snapshot.clips(tables, LINE_COLUMNS, clip_ids).to_pylist()
    return [
        {
            "row": row if row >= 0 else None,
            "clip_id": clip["clip_id"],
            "name": name_of(clip["uris"][0], clip["excerpt"], clip["offset_s"], clip["duration_s"]),
            "duration_s": clip["duration_s"],
            "labels": clip["labels"] or [],
            "split": clip["split"] or "",
        }
        for row, clip in zip(snapshot.rows_of(clip_ids).tolist(), found, strict=True)
    ]


def _clock(seconds: float) -> str:
    """Return seconds as minutes and seconds: "1:05", "1:05.25"."""
    minutes, rest = divmod(round(seconds, 2), 60)
    return f"{int(minutes)}:{rest:05.2f}".removesuffix(".00")
