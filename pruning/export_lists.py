"""A view as a list of files: CSV for tables and for `echodex add --labels`, M3U for players."""

from __future__ import annotations

import csv
import io
from typing import Any

from ..errors import BadInput
from ..store.sources import LABEL_SEPARATOR
from .export import Exported

CSV_COLUMNS = (
    "path", "labels", "split", "offset_s", "duration_s", "title", "artist", "album",
    "clip_id", "rank", "cluster", "reason", "gain",
)  # fmt: skip


def csv_text(view: Exported) -> str:
    """Return the kept clips as CSV with a header; the excerpt is given only where a clip is less than its file."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, CSV_COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for row, source in zip(view.rows, view.sources, strict=True):
        excerpt = {"offset_s": source.offset_s, "duration_s": source.duration_s} if row["excerpt"] else {}
        labels = LABEL_SEPARATOR.join(row["labels"] or ())
        writer.writerow({**row, "offset_s": "", "duration_s": "", **excerpt, "labels": labels, "path": source.path})
    return out.getvalue()


def m3u_text(view: Exported) -> str:
    """Return the kept clips as an extended M3U playlist; excerpts carry VLC's start and stop times."""
    lines = ["#EXTM3U", f"#PLAYLIST:{view.info.name}@{view.info.version}"]
    for row, source in zip(view.rows, view.sources, strict=True):
        if "\n" in source.path or "\r" in source.path:
            raise BadInput(f"{source.path!r} has a line break in its name, which no playlist can hold; rename the file")
        lines.append(f"#EXTINF:{round(source.duration_s)},{_shown(row) or source.clip_id}")
        if row["excerpt"]:
            lines.append(f"#EXTVLCOPT:start-time={source.offset_s}")
            lines.append(f"#EXTVLCOPT:stop-time={source.offset_s + source.duration_s}")
        lines.append(source.path)
    return "\n".join(lines) + "\n"


def _shown(row: dict[str, Any]) -> str:
    parts = [" ".join(text.split()) for text in (row["artist"], row["title"]) if text]
    return " - ".join(parts)
