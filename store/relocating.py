"""`relocate`: files that clips were added from lie elsewhere now, and the store is told where.

A place is only rewritten where the file there is the one that was added: of its size and time, or else of its bytes.
Safe to interrupt and to repeat; what others change meanwhile is heeded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import NotFound, UsageError
from ..progress import Progress
from ..schemas.clip import CLIPS
from .keys import rows_of
from .known import CLIPS_TABLE
from .lock import writer_lock
from .pipeline import in_order
from .reading import Problem
from .remote.address import is_uri
from .rows import clip_table
from .source_files import SourceFile, State, state_by_bytes, state_of
from .sources import source_path
from .tables import Tables
from .where import storable

COMMIT_CLIPS = 10_000
_AHEAD_FILES = 256
_NOT_THERE = {
    State.MISSING: "not there; put the file there, or relocate to where it is",
    State.CHANGED: "not the file that was added, its bytes differ; run `echodex add` on it",
}


@dataclass
class RelocateReport:
    """What `relocate` did, or with `dry_run` would do: `moved` files of `clips` clips, from `old` to `new`; `problems`
    are the files that are not there, or are others, whose places stay as they were.
    """

    old: str
    new: str
    dry_run: bool
    moved: int = 0
    clips: int = 0
    problems: list[Problem] = field(default_factory=list)


File = tuple[str, str]
"""A path and the hash of what was added from it: another file may have lain there since."""
Moves = dict[File, tuple[str, int]]
"""Where files are now, and when they were last written."""


def relocate(
    tables: Tables, old: str | Path, new: str | Path, *, verify: bool, dry_run: bool, progress: Progress
) -> RelocateReport:
    """Say of all files that were added from the folder (or file) `old` that they are below `new` now.

    verify: compare the bytes of every file, also where size and time are what they were. Raises NotFound where nothing
    was added from `old`, UsageError where both are the same, StoreLocked.
    """
    report = RelocateReport(_absolute(old), _absolute(new), dry_run)
    if report.old == report.new or not storable(report.new):
        raise UsageError(f"{report.new!r} cannot be where the files of {report.old!r} are now; name another folder")
    asked, clip_ids = _asked(tables, report)
    if not asked:
        raise NotFound(f"no clip of {tables.place} was added from {report.old}; check the path")
    moves: Moves = {}
    looked = in_order(lambda file: _look(file, verify), asked.values(), ahead=_AHEAD_FILES)
    for done, (before, (state, mtime_ns)) in enumerate(zip(asked, looked, strict=True), start=1):
        if state is State.SAME:
            moves[before] = asked[before].path, mtime_ns
        else:
            report.problems.append(Problem(asked[before].path, state, _NOT_THERE[state]))
        progress("relocate", done, len(asked))
    report.moved = len(moves)
    for first in range(0, len(clip_ids), COMMIT_CLIPS):
        report.clips += _commit(tables, clip_ids[first : first + COMMIT_CLIPS], moves, dry_run=dry_run)
    return report


def _absolute(path: str | Path) -> str:
    return source_path(path if is_uri(path) else Path(path).expanduser()).rstrip("/") or os.sep


def _moved(uri: str, old: str, new: str) -> str | None:
    """Return where a file is said to be now; None for one that is not at or below `old`, by whole names of folders."""
    if uri == old:
        return new
    inside = old if old.endswith(os.sep) else old + os.sep
    return new.rstrip("/") + "/" + uri.removeprefix(inside) if uri.startswith(inside) else None


def _asked(tables: Tables, report: RelocateReport) -> tuple[dict[File, SourceFile], list[str]]:
    """Return each file that is asked about, as it should be at its new place; and the clips of them."""
    asked: dict[File, SourceFile] = {}
    clip_ids: list[str] = []
    for row in _rows(tables):
        before = len(clip_ids)
        for uri, mtime_ns in zip(row["uris"], row["mtimes_ns"], strict=True):
            path = _moved(uri, report.old, report.new)
            if path is not None:
                asked[uri, row["content_hash"]] = SourceFile(path, mtime_ns, row["size_bytes"], row["content_hash"])
                clip_ids[before:] = [row["clip_id"]]
    return asked, clip_ids


def _rows(tables: Tables) -> Iterator[Mapping[str, Any]]:
    for batch in tables.batches(CLIPS_TABLE, ["clip_id", "uris", "mtimes_ns", "size_bytes", "content_hash"]):
        yield from batch.to_pylist()


def _look(file: SourceFile, verify: bool) -> tuple[State, int]:
    state = state_of(file.path, file.mtime_ns, file.size_bytes)
    if state is State.MISSING or (state is State.SAME and not verify):
        return state, file.mtime_ns
    return state_by_bytes(file)


def _commit(tables: Tables, clip_ids: list[str], moves: Moves, *, dry_run: bool) -> int:
    """Rewrite the places of clips as they are now, in one commit; return of how many clips."""
    columns = [name for name in CLIPS.names if name != "row_sum"]
    with nullcontext() if dry_run else writer_lock(tables.folder):
        rows = rows_of(tables, CLIPS_TABLE, columns, clip_ids).to_pylist()
        changed = [new for row in rows if (new := _rewritten(row, moves)) != row]
        if changed and not dry_run:
            tables.upsert(CLIPS_TABLE, ["clip_id"], clip_table(changed))
    return len(changed)


def _rewritten(row: dict[str, Any], moves: Moves) -> dict[str, Any]:
    """Return the row with its places rewritten; two that are one now are one."""
    content, places = row["content_hash"], dict[str, int]()
    for uri, mtime_ns in zip(row["uris"], row["mtimes_ns"], strict=True):
        path, written_ns = moves.get((uri, content), (uri, mtime_ns))
        places[path] = written_ns if path != uri else places.get(path, mtime_ns)
    return row | {"uris": sorted(places), "mtimes_ns": [places[path] for path in sorted(places)]}
