"""Where the audio of a clip is by now, of the places that it was added from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schemas.clip import Clip
from .source_files import State, state_of

_BETTER = (State.MISSING, State.CHANGED, State.SAME)


def place_of(row: Mapping[str, Any]) -> Clip:
    """Return the clip of a row of the clips table at the first place whose file is as it was, else the first where a
    file is, else the first.
    """
    places = list(zip(row["uris"], row["mtimes_ns"], strict=True))
    states = [_BETTER.index(state_of(path, mtime_ns, row["size_bytes"])) for path, mtime_ns in places]
    path, mtime_ns = places[states.index(max(states))]
    return Clip(row["clip_id"], path, row["offset_s"], row["duration_s"], mtime_ns, row["size_bytes"])
