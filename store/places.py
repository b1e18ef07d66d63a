"""Where the audio of a clip is by now, of the places that it was added from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..schemas.clip import Clip


def place_of(row: Mapping[str, Any]) -> Clip:
    """Return the clip of a row of the clips table at the first place whose file is as it was, else the first where a
    file is, else the first.
    """
    places = list(zip(row["uris"], row["mtimes_ns"], strict=True))
    path, mtime_ns = max(places, key=lambda place: _state(place[0], place[1], row["size_bytes"]))  # of equals the first
    return Clip(row["clip_id"], path, row["offset_s"], row["duration_s"], mtime_ns, row["size_bytes"])


def _state(path: str, mtime_ns: int, size_bytes: int) -> int:
    """Return 2 for a file that is as it was when it was added, 1 for one that has changed, 0 where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return 0
    return 2 if (found.st_mtime_ns, found.st_size) == (mtime_ns, size_bytes) else 1
