"""`remove`: clips leave the store. The row in the clips table goes first, and with it every answer; vectors,
waveforms and frames follow.

A journal of what is being removed is written before anything goes. A process that dies in between leaves it behind,
and whoever removes next finishes the job.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..errors import Damaged, NotFound
from ..schemas.clip import CLIPS
from ..schemas.read_json import read_json
from .files import remove, storage_errors, write_atomic
from .frames.layout import frames_tables
from .keys import rows_of
from .known import CLIPS_TABLE
from .lock import writer_lock
from .remote.mirror import fetched
from .remote.sources import is_there
from .sources import source_path
from .spaces import list_spaces, table_of
from .tables import Tables
from .waveforms import waveforms_tables
from .where import array_has, check_where, is_in_parts, storable

JOURNAL = "removing.json"


def remove_clips(tables: Tables, clip_ids: Sequence[str]) -> int:
    """Delete clips, their vectors in every space, their waveforms and frames; return how many there were. Views keep
    what they were made from.

    Finishes what an earlier call left unfinished. Raises NotFound naming an unknown id; nothing is removed then.
    """
    doomed = set(clip_ids)
    with writer_lock(tables.folder):
        pending = _pending(tables)
        held = _held(tables, doomed | pending)
        unknown = next((clip_id for clip_id in clip_ids if clip_id not in held | pending), None)
        if unknown is not None:
            raise NotFound(f"clip {unknown[:80]!r} is not in {tables.place}; nothing was removed")
        gone = pending - held  # a pending clip that is held was added again since
        if doomed | gone:
            write_atomic(tables.folder / JOURNAL, json.dumps(sorted(doomed | gone)).encode())
            _delete(tables, CLIPS_TABLE, doomed & held)
            for table in [*map(table_of, list_spaces(tables)), *waveforms_tables(tables), *frames_tables(tables)]:
                _delete(tables, table, doomed | gone)
        remove(tables.folder / JOURNAL)
    return len(doomed)


def clips_named(tables: Tables, names: Sequence[str]) -> list[str]:
    """Return the ids of clips, usable or not, by id or by a path that they were added from; of a path, all its clips.

    Raises NotFound naming what is neither.
    """
    found: dict[str, None] = {}
    for name in names:
        ids = _held(tables, {name}) or _clips_at(tables, name)
        if not ids:
            raise NotFound(
                f"{name[:200]!r} is neither a clip of {tables.place} nor a file that was added to it; check the path"
            )
        found |= dict.fromkeys(sorted(ids))
    return list(found)


def clips_where(tables: Tables, where: str) -> list[str]:
    """Return the ids of all clips, usable or not, that the user's filter selects."""
    found: list[str] = tables.scan(CLIPS_TABLE, ["clip_id"], where=check_where(where, CLIPS)).column(0).to_pylist()
    return found


def clips_missing(tables: Tables) -> list[str]:
    """Return the ids of the clips of which no file is there any more."""
    rows = tables.scan(CLIPS_TABLE, ["clip_id", "uris"])
    return [
        clip_id
        for clip_id, uris in zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True)
        if not any(map(is_there, uris))
    ]


def _pending(tables: Tables) -> set[str]:
    path = fetched(tables.folder / JOURNAL)
    with storage_errors(path):
        if not path.exists():
            return set()
        try:
            return set(read_json(path.read_text()))
        except (ValueError, TypeError) as error:
            raise Damaged(f"{path} cannot be read ({error}); delete it, and remove the same clips again") from error


def _held(tables: Tables, clip_ids: set[str]) -> set[str]:
    asked = [clip_id for clip_id in clip_ids if storable(clip_id)]
    return set(rows_of(tables, CLIPS_TABLE, ["clip_id"], asked).column(0).to_pylist())


def _clips_at(tables: Tables, path: str) -> set[str]:
    wanted = source_path(path)
    if not storable(wanted):
        return set()
    return set(tables.scan(CLIPS_TABLE, ["clip_id"], where=array_has("uris", wanted)).column(0).to_pylist())


def _delete(tables: Tables, table: str, clip_ids: set[str]) -> None:
    for part in is_in_parts("clip_id", sorted(clip_ids)):
        tables.delete(table, part)
