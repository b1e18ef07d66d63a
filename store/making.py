"""Making a store: the empty clips table, and then the marker, which is the commit.

What a process leaves that dies in between is an empty store without a marker; the next one goes on from there, and of
several that make the same store at once all but the first find it made.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import UsageError
from ..schemas.clip import CLIPS
from ..schemas.format import MARKER, marker
from .files import private_folder, write_atomic
from .known import CLIPS_TABLE
from .lock import LOCK_FILE, writer_lock
from .remote.address import is_uri
from .remote.making import is_free_at
from .remote.mirror import fetched
from .seals import FOLDER as SEALS
from .tables import Tables

_FIRST = {LOCK_FILE, f"{CLIPS_TABLE}.lance", SEALS}
"""What is in the folder before the marker is."""


def make_store(tables: Tables) -> None:
    """Make the folder of `tables` a store, unless another process has by then.

    Raises UsageError where it is there and holds something else, or is on object storage that can hold none.
    """
    folder = tables.folder
    if not (is_free_at(tables.place, _FIRST | {MARKER}) if is_uri(tables.place) else _is_free(folder)):
        raise _taken(tables.place)
    private_folder(folder)
    with writer_lock(folder):
        if fetched(folder / MARKER).is_file():
            return
        if tables.exists(CLIPS_TABLE) and tables.count(CLIPS_TABLE):
            raise _taken(tables.place)
        tables.create(CLIPS_TABLE, CLIPS)
        write_atomic(folder / MARKER, json.dumps(marker()).encode())


def _is_free(folder: Path) -> bool:
    """Return whether nothing but what making a store writes first is in `folder`, or it has become one by now."""
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    found = {path.name for path in folder.iterdir()}
    torn = {name for name in found if name.startswith(f".{MARKER}.") and name.endswith(".tmp")}
    return MARKER in found or found <= _FIRST | torn


def _taken(place: str) -> UsageError:
    return UsageError(f"{place} is there already and is not an echodex store; choose an empty or a new folder")
