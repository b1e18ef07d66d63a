"""What a store has of the files of a data set by now, and what it has of files that were replaced since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ...schemas.clip import CLIPS, Source, Status
from ..keys import rows_of
from ..known import CLIPS_TABLE
from ..lock import writer_lock
from ..rows import clip_table
from ..tables import Tables


@dataclass(frozen=True)
class Held:
    """The clip that the store has of a file, "" where it is not usable, and its work, "" where it says of none.

    before: clips of nothing but what the file was before it was replaced.
    """

    clip_id: str
    work: str = ""
    before: tuple[str, ...] = ()


class _Seen(NamedTuple):
    """A clip at one of its places, and whether it is the only one."""

    mtime_ns: int
    size_bytes: int
    clip_id: str
    usable: bool
    work: str
    only: bool


def read_held(tables: Tables, sources: Sequence[Source], least_s: float) -> dict[str, Held]:
    """Return what the store has of those paths of `sources` that it knows; least_s: of audio that a usable clip has."""
    wanted = {source.path for source in sources}
    found = defaultdict[str, list[_Seen]](list)
    columns = ["clip_id", "uris", "mtimes_ns", "size_bytes", "excerpt", "status", "decoded_s", "work"]
    for batch in tables.batches(CLIPS_TABLE, columns):
        for row in batch.to_pylist():
            if row["excerpt"]:
                continue
            usable = row["status"] != Status.BAD and row["decoded_s"] >= least_s
            about = (row["size_bytes"], row["clip_id"], usable, row["work"], len(row["uris"]) == 1)
            for uri, mtime_ns in zip(row["uris"], row["mtimes_ns"], strict=True):
                if uri in wanted:
                    found[uri].append(_Seen(mtime_ns, *about))
    return {path: _held(path, seen) for path, seen in found.items()}


def take_back_splits(tables: Tables, held: Mapping[str, Held]) -> None:
    """Leave clips of what files were before without a split."""
    gone = {clip_id for each in held.values() for clip_id in each.before}
    if not gone:
        return
    columns = [name for name in CLIPS.names if name != "row_sum"]
    with writer_lock(tables.folder):
        rows = rows_of(tables, CLIPS_TABLE, columns, gone).to_pylist()
        if having := [row | {"split": ""} for row in rows if row["split"]]:
            tables.upsert(CLIPS_TABLE, ["clip_id"], clip_table(having))


def _held(path: str, seen: Sequence[_Seen]) -> Held:
    clip = seen[0] if len(seen) == 1 else _as_it_is(path, seen)
    before = tuple(other.clip_id for other in seen if other is not clip and other.only)
    return Held(clip.clip_id if clip.usable else "", clip.work, before)


def _as_it_is(path: str, seen: Sequence[_Seen]) -> _Seen:
    """Return of several clips of a path, whose file was replaced, the one that it is now, else the last."""
    try:
        found = Path(path).stat()
        now = (found.st_mtime_ns, found.st_size)
    except OSError:  # gone since
        now = (-1, -1)
    return max(seen, key=lambda clip: ((clip.mtime_ns, clip.size_bytes) == now, clip.mtime_ns))
