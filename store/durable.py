"""Commits that are whole, and outlive a power cut: what Lance wrote is on the disk before anybody hears of it.

Lance leaves that to the operating system, which may take half a minute, and may write the file that names a version
before the rows in it. And where the last piece of a data file cannot be written, because the disk is full or fails,
Lance does not notice, and commits a file without its end. It never changes a file that it has written, so only the new
ones need to be looked at and waited for.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..errors import StorageError
from .files import disk_full, storage_errors, sync

_ENDS = {".lance": b"LANC", ".arrow": b"ARROW1"}
"""How data files, key indexes and lists of deleted rows end."""
_AT_ONCE = 8
_ROOM_BYTES = 16 << 20
"""Where less than this is free, what could not be written found no room: no piece is larger."""


@contextlib.contextmanager
def durable(table: Path) -> Iterator[None]:
    """Wait at the end of the block until the disk has all files, and their names, that a commit in it made in `table`.

    Not where the block raises. Raises StorageError; where a data file lacks its end, the commit is taken back first.
    """
    before = _names(table)
    with storage_errors(table):
        yield
        after = _names(table)
        folders = [folder for folder, names in after.items() if names != before.get(folder)]
        fresh = [folder / name for folder in folders for name in after[folder] - before.get(folder, set())]
        if not all(map(is_whole, fresh)):
            _take_back(fresh)
            raise _lost(table)
        sync_all(fresh + folders + ([table.parent] if table not in before else []))


def sync_all(paths: list[Path]) -> None:
    """Wait until the disk has all files and folders, all at once: a file system that keeps a journal writes it once for
    them, not once for each.
    """

    def wait(path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):  # another process cleaned up
            sync(path)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(wait, paths))


def _names(table: Path) -> dict[Path, set[str]]:
    """Return the names in each folder from `table` down, those of folders as well."""
    return {Path(folder): {*folders, *files} for folder, folders, files in os.walk(table)}


def is_whole(path: Path) -> bool:
    """Return whether a file of Lance's has its end, where files of its kind have one."""
    end = _ENDS.get(path.suffix)
    if end is None or not path.is_file():
        return True
    with path.open("rb") as file:
        file.seek(-min(len(end), path.stat().st_size), os.SEEK_END)
        return file.read() == end


def _take_back(fresh: list[Path]) -> None:
    """Remove the manifests of a commit, the newest first; Lance numbers them downwards."""
    for path in sorted(path for path in fresh if path.suffix == ".manifest"):
        path.unlink()
        sync(path.parent)


def _lost(table: Path) -> StorageError:
    if shutil.disk_usage(table).free < _ROOM_BYTES:
        return disk_full(table)
    return StorageError(f"{table} was not written, what was there before is untouched; check the disk and run again")
