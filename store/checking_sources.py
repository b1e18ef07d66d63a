"""Which clips could not be read again: their files are gone, or are not those that were added."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..progress import Progress
from ..schemas.finding import Damage, Finding
from .known import CLIPS_TABLE
from .pipeline import in_order
from .source_files import SourceFile, State, state_by_bytes, state_of
from .tables import Tables

_AHEAD_FILES = 256
_ORDER = (State.SAME, State.CHANGED, State.MISSING)
_MISSING = "clip {} is not where it was added: put the file back, or say where it is by `echodex relocate`"
_CHANGED = "clip {} is not what it was when it was added: put the file back, or run `echodex add` on it"


def source_findings(tables: Tables, *, verify: bool, progress: Progress) -> Iterator[Finding]:
    """Yield the clips, usable or not, of which no place has the file that was added, by size and time.

    verify: by the bytes as well, of the files that are as they were by size and time. A clip that was added from
    several places needs one of them.
    """
    places = _places(tables)
    states = {file: state_of(file.path, file.mtime_ns, file.size_bytes) for file in places}
    if verify:
        states |= _by_bytes([file for file, state in states.items() if state is State.SAME], progress)
    best: dict[str, tuple[State, str]] = {}
    for file, clip_ids in places.items():
        for clip_id in clip_ids:
            known = best.get(clip_id)
            if known is None or _ORDER.index(states[file]) < _ORDER.index(known[0]):
                best[clip_id] = states[file], file.path
    for clip_id, (state, path) in sorted(best.items()):
        if state is State.MISSING:
            yield Finding(Damage.SOURCE_MISSING, path, _MISSING.format(clip_id), grave=False)
        elif state is State.CHANGED:
            yield Finding(Damage.SOURCE_CHANGED, path, _CHANGED.format(clip_id), grave=False)


def _places(tables: Tables) -> dict[SourceFile, list[str]]:
    """Return the files that clips were added from, each with the clips of it."""
    columns = ["clip_id", "uris", "mtimes_ns", "size_bytes", "content_hash"]
    found: dict[SourceFile, list[str]] = {}
    for batch in tables.batches(CLIPS_TABLE, columns):
        for row in batch.to_pylist():
            for file in _files(row):
                found.setdefault(file, []).append(row["clip_id"])
    return found


def _files(row: dict[str, Any]) -> Iterator[SourceFile]:
    for path, mtime_ns in zip(row["uris"], row["mtimes_ns"], strict=True):
        yield SourceFile(path, mtime_ns, row["size_bytes"], row["content_hash"])


def _by_bytes(files: list[SourceFile], progress: Progress) -> dict[SourceFile, State]:
    states = {}
    looked = in_order(state_by_bytes, files, ahead=_AHEAD_FILES)
    for done, (file, (state, _)) in enumerate(zip(files, looked, strict=True), start=1):
        states[file] = state
        progress("sources", done, len(files))
    return states
