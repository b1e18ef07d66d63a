"""The user's cache of downloaded files: where each lies, what is known of it, and how a part becomes a whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import StorageError
from ..schemas.read_json import read_json


def cache_folder() -> Path:
    """Return where downloads are kept: `$ECHODEX_CACHE`, else ~/.cache/echodex."""
    given = os.environ.get("ECHODEX_CACHE")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "echodex"


@dataclass(frozen=True)
class CachedFile:
    """A file of the cache, in a folder of its own with its notes and, while it downloads, its `.part`."""

    path: Path

    @property
    def part(self) -> Path:
        """What has come so far."""
        return self.path.with_name(self.path.name + ".part")

    @property
    def notes(self) -> Path:
        """JSON: the `url`; the part's `validator` (ETag or Last-Modified), or the whole's `size_bytes` and `sha256`."""
        return self.path.with_name(self.path.name + ".json")

    def known(self) -> dict[str, Any]:
        """Return the notes, or nothing where there are none that can be read."""
        try:
            notes = read_json(self.notes.read_text())
        except (OSError, ValueError):
            return {}
        return notes if isinstance(notes, dict) else {}

    def note(self, **facts: Any) -> None:
        """Write the notes; torn ones cost a new start and no more, so they need no care."""
        with writing(self.notes):
            self.notes.write_text(json.dumps(facts))

    def is_whole(self, sha256: str) -> bool:
        """Return whether the file is here, as it came, with this sha256 (any if "")."""
        noted = self.known().get("sha256")
        return self.path.is_file() and noted == _sha256(self.path) and sha256 in ("", noted)

    def accept(self, url: str, sha256: str) -> str:
        """Put the part in its place if it has this sha256 (any if ""), else remove it; return the sha256 it has."""
        found = _sha256(self.part)
        if sha256 not in ("", found):
            self.discard()
            return found
        with writing(self.path):
            with self.part.open("rb+") as part:
                os.fsync(part.fileno())
            self.note(url=url, size_bytes=self.part.stat().st_size, sha256=found)
            self.part.replace(self.path)
        return found

    def discard(self) -> None:
        """Remove the part and the notes."""
        with writing(self.part):
            self.part.unlink(missing_ok=True)
            self.notes.unlink(missing_ok=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make `folder`, private, and let one process at a time work in it; the lock goes with its process."""
    import fcntl

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the disk's failures inside the block into StorageError, naming `path`."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path} could not be written: {error.strerror}; free space or set ECHODEX_CACHE") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
