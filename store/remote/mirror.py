"""The mirror of a store: a folder of the user's cache in which the files beside the tables lie as in a local store.

The object store is the truth. A file is fetched when it is asked for and another lies there than here, and it is stored
there before it is put here. `.mirror.json` says of each file which object it is a copy of, and how the copy was left;
one that was touched since is fetched anew. What one machine alone is told of (activity/, cache/, shards/, names that
begin with a dot) is not mirrored. The folder can be deleted at any time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from ...encoders.cache import cache_folder
from ...errors import StorageError
from ...schemas.read_json import read_json
from ..files import PRIVATE_FILE, private_folder, storage_errors, write_atomic
from .objects import Object, Objects
from .settings import for_lance

_ABOUT = ".mirror.uri"
_COPIES = ".mirror.json"
_LOCK = ".mirror.lock"
_OF_ONE_MACHINE = ("activity", "cache", "shards")
_FRESH_S = 1.0
"""What was listed is not listed again for so long: a verb asks for the same folder many times."""

_Copy = tuple[str, int, int]
"""The mark of the object, and size and time of its copy."""


def stores_folder() -> Path:
    """Return where mirrors are: `stores` in the cache of downloads."""
    return Path(os.path.abspath(cache_folder())) / "stores"  # noqa: PTH100  (resolve() would follow links)


def mirror_folder(uri: str) -> Path:
    """Return the folder in which the store at `uri` is mirrored, made if it is not there. Raises StorageError."""
    server = for_lance(uri).get("aws_endpoint", "")
    folder = stores_folder() / hashlib.blake2b(f"{server} {uri}".encode(), digest_size=12).hexdigest()
    if not (folder / _ABOUT).is_file():
        private_folder(folder)
        write_atomic(folder / _ABOUT, uri.encode())
    return folder


def mirror_of(path: Path) -> Mirror | None:
    """Return the mirror that `path` is or lies in, None where it is of nothing remote."""
    stores = stores_folder()
    if not path.is_relative_to(stores) or path == stores:
        return None
    folder = stores / path.relative_to(stores).parts[0]
    try:
        return _mirror(folder, (folder / _ABOUT).read_text())
    except OSError:
        return None


def fetched(path: Path, only: str = "*") -> Path:
    """Return `path`, a file or folder beside the tables of a store, as it is in the store by now.

    only: of the files in a folder and below it, those with names of this pattern. What is local is as it is. Raises
    StorageError.
    """
    mirror = mirror_of(path)
    if mirror:
        mirror.fetch(mirror.name_of(path), only)
    return path


def listed(folder: Path) -> list[Path]:
    """Return the files directly in a folder of a store, sorted, also those that were not fetched. Raises StorageError,
    OSError.
    """
    mirror = mirror_of(folder)
    found = set(folder.iterdir()) if folder.is_dir() else set()
    if mirror:
        found |= {folder / name for name in mirror.objects.names(mirror.name_of(folder))}
    return sorted(path for path in found if not path.is_dir())


def stored(path: Path) -> None:
    """Store a file that was appended to, if it is of a store that is not local. Raises StorageError."""
    mirror = mirror_of(path)
    if mirror and mirror.holds(path):
        mirror.note(path, mirror.put(path, path))


@cache
def _mirror(folder: Path, uri: str) -> Mirror:
    """Return the one mirror of this process, which knows what was listed just now."""
    return Mirror(folder, uri)


class Mirror:
    """The mirror in `folder` of the store at `uri`."""

    def __init__(self, folder: Path, uri: str) -> None:
        self.folder = folder
        self.uri = uri
        self.objects = Objects(uri)
        self._listed_s: dict[tuple[str, str], float] = {}

    def name_of(self, path: Path) -> str:
        """Return what the object is called that `path` is a copy of."""
        return path.relative_to(self.folder).as_posix()

    def holds(self, path: Path) -> bool:
        """Return whether a file is one that is mirrored."""
        return _is_shared(self.name_of(path))

    def fetch(self, name: str, only: str = "*") -> None:
        """Bring a file, or the files of a folder that match, up to what the object store has. Raises StorageError."""
        if self._is_fresh(name, only):
            return
        there = {at: found for at, found in self._there(name).items() if _is_shared(at) and _matches(at, only)}
        copies = self._copies()
        for at, found in there.items():
            copy = _copy_of(self.folder / at, found.mark)
            if copy is None or copies.get(at) != copy:
                self._fetch_one(at, found)
        for at in copies:
            if (at == name or at.startswith(f"{name}/")) and _matches(at, only) and at not in there:
                self.forget(self.folder / at)
        self._listed_s[name, only] = time.monotonic()

    def _is_fresh(self, name: str, only: str) -> bool:
        """Return whether this was listed just now, or more than it."""
        listed = [asked for asked, at_s in self._listed_s.items() if time.monotonic() - at_s < _FRESH_S]
        around = [pattern for at, pattern in listed if name == at or name.startswith(f"{at}/")]
        return any(pattern in ("*", only) or _matches(name, pattern) for pattern in around)

    def look_again(self) -> None:
        """List anew at the next question: others may have written by now."""
        self._listed_s.clear()

    def put(self, path: Path, content: Path) -> Object:
        """Store the file `content` as what the mirror has at `path`; return the object. Raises StorageError."""
        name = self.name_of(path)
        self.objects.put(name, content)
        found = self.objects.one(name)
        if found is None or found.size_bytes != content.stat().st_size:
            raise StorageError(f"{self.uri}/{name} is not what was written there; run the same command again")
        return found

    def note(self, path: Path, found: Object) -> None:
        """Note that the file at `path` is a copy of an object."""
        copy = _copy_of(path, found.mark)
        with self._noting() as copies:
            if copy:
                copies[self.name_of(path)] = copy

    def remove(self, path: Path) -> None:
        """Remove a file, there and here. Raises StorageError; it is here still then."""
        if self.holds(path):
            self.objects.remove([self.name_of(path)])
        self.forget(path)

    def forget(self, path: Path) -> None:
        """Remove a file here, which is gone there."""
        with storage_errors(path):
            path.unlink(missing_ok=True)
        with self._noting() as copies:
            copies.pop(self.name_of(path), None)

    def _there(self, name: str) -> dict[str, Object]:
        found = self.objects.one(name) if Path(name).suffix else None
        return {name: found} if found else self.objects.below(name)

    def _fetch_one(self, name: str, found: Object) -> None:
        path = self.folder / name
        private_folder(path.parent)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}.tmp")
        try:
            with storage_errors(path):
                self.objects.fetch(name, temporary)
                temporary.chmod(PRIVATE_FILE)
                if temporary.stat().st_size == found.size_bytes:  # else it was written meanwhile: the next look tells
                    temporary.replace(path)
                    self.note(path, found)
        except FileNotFoundError:
            self.forget(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _copies(self) -> dict[str, _Copy]:
        try:
            return {name: tuple(copy) for name, copy in read_json((self.folder / _COPIES).read_text()).items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    @contextmanager
    def _noting(self) -> Iterator[dict[str, _Copy]]:
        """Give what is noted, to change it; one process at a time."""
        path = self.folder / _COPIES
        with storage_errors(path):
            handle = os.open(private_folder(self.folder) / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            with suppress(OSError):  # a file system without locks: what is lost is fetched again
                fcntl.flock(handle, fcntl.LOCK_EX)
            copies = self._copies()
            before = dict(copies)
            yield copies
            if copies != before:
                write_atomic(path, json.dumps(copies).encode(), durable=False)
        finally:
            os.close(handle)


def _is_shared(name: str) -> bool:
    parts = name.split("/")
    return parts[0] not in _OF_ONE_MACHINE and not any(
        part.startswith(".") or part.endswith(".lance") for part in parts
    )


def _matches(name: str, only: str) -> bool:
    return fnmatchcase(name.rpartition("/")[2], only)


def _copy_of(path: Path, mark: str) -> _Copy | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return mark, found.st_size, found.st_mtime_ns
