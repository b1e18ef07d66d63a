"""The quarantine: a folder of the store, quarantine/<time>/, that holds what `repair` moves out of the way.

Nothing that may be the only copy of something is deleted: files are moved here, rows are written here as Arrow IPC
before they leave their table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path

import pyarrow as pa

from ..files import private_folder, write_atomic
from ..remote.mirror import fetched
from ..remote.moving import copy, move, present

FOLDER = "quarantine"
NOTE = "why.jsonl"


class Quarantine:
    """What one repair of the store at `store` moves out of the way; its folder is made when there is something."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.used = False

    @cached_property
    def folder(self) -> Path:
        """Where things go: named for the time, in UTC."""
        self.used = True
        stem = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        taken = {path.name for path in (self.store / FOLDER).glob(f"{stem}*")}
        return private_folder(self.store / FOLDER / next(n for n in _names(stem) if n not in taken))

    def move(self, path: Path, why: str) -> str:
        """Move a file or folder of the store here, under the name that it has there; return where it is now."""
        inside = path.relative_to(self.store)
        target = self._free(inside)
        move(path, target)
        return self._note(target, why)

    def copy(self, path: Path, why: str) -> str:
        """Copy a file of the store here; return where it is now."""
        target = self._free(path.relative_to(self.store))
        copy(path, target)
        return self._note(target, why)

    def put(self, rows: pa.Table, name: str, why: str) -> str:
        """Write rows here as Arrow IPC; return where they are."""
        target = self._free(Path(f"{name}.arrow"))

        def write(to: Path) -> None:
            with pa.OSFile(str(to), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
                writer.write_table(rows)

        write_atomic(target, write)
        return self._note(target, why)

    def _free(self, inside: Path) -> Path:
        """Return a place in the folder that nothing has taken yet."""
        places = (self.folder / inside.parent / name for name in _names(inside.name))
        return next(place for place in places if not present(place))

    def _note(self, target: Path, why: str) -> str:
        path = fetched(self.folder / NOTE)
        before = path.read_bytes() if path.exists() else b""
        line = json.dumps({"file": str(target.relative_to(self.folder)), "why": why}) + "\n"
        write_atomic(path, before + line.encode())
        return str(target.relative_to(self.store))


def _names(name: str) -> Iterator[str]:
    """Yield a name, and what else to call a thing where that is taken: clips.arrow, clips.2.arrow and so on."""
    stem, ending = Path(name).stem, Path(name).suffix
    yield name
    yield from (f"{stem}.{number}{ending}" for number in count(2))
