"""Audio at a URI: one place that turns it into a file of this machine, for decoders read files.

A source is fetched whole into `sources` of the cache of downloads when it is first read, named for its URI and for how
the object was then; one that has changed is another file. What was used longest ago goes once there is more than
LIMIT_BYTES. Paths of local files pass through untouched.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath

from ...encoders.cache import cache_folder
from ...errors import NotFound, StorageError
from ..files import PRIVATE_FILE, private_folder, storage_errors
from .address import bucket_and_key, is_uri, scheme
from .bounded import Bounded, used
from .objects import Object, Objects
from .settings import for_lance

LIMIT_BYTES = 16 << 30
_SPARED_S = 600.0
"""What was used in the last minutes stays, whatever it takes: somebody may be reading it."""
_FRESH_S = 10.0
"""How long it counts what was told of an object."""
_SINGLY = 8
"""So many objects of a folder are asked about one by one; then the folder is listed, a thousand to a request."""


def at_hand(path: str) -> str:
    """Return the path of a file with the bytes of a source: `path` itself, or of a URI the copy in the cache.

    Raises NotFound where there is no such object, StorageError where it cannot be fetched.
    """
    if not is_uri(path):
        return path
    try:
        return _store().fetched(path)
    except FileNotFoundError as error:
        raise NotFound(f"{path} does not exist; check it") from error


def told_of(path: str) -> tuple[int, int]:
    """Return when a source was last written, in nanoseconds since 1970, and its size in bytes.

    Of an object that does not say when, a number that another content would change. Raises OSError where there is no
    such file, StorageError where the object store cannot be asked.
    """
    if not is_uri(path):
        found = Path(path).stat()
        return found.st_mtime_ns, found.st_size
    object_ = _store().told(path)
    return _written_ns(object_), object_.size_bytes


def is_there(path: str) -> bool:
    """Return whether there is a source at a path or a URI. Raises StorageError."""
    try:
        told_of(path)
    except (OSError, ValueError):
        return False
    return True


def below(uri: str) -> list[str]:
    """Return the URIs of all objects below a URI, or of the object that it is, sorted; those of which a part of the
    name begins with a dot are left out, as hidden files are. Raises StorageError.
    """
    root = uri.rstrip("/")
    objects = Objects(root)
    if scheme(uri) in ("http", "https"):
        return [uri] if is_there(uri) else []
    if not uri.endswith("/") and objects.one(""):
        return [uri]
    found = {name: one for name, one in objects.below().items() if not _is_hidden(name)}
    _store().note(root, found)
    return sorted(f"{root}/{name}" for name in found)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _written_ns(found: Object) -> int:
    return found.written_ns or int.from_bytes(hashlib.blake2b(found.mark.encode(), digest_size=7).digest())


@cache
def _store() -> _Sources:
    """Return what this process knows of sources at URIs."""
    return _Sources()


class _Sources:
    def __init__(self) -> None:
        self._told: dict[str, tuple[float, Object]] = {}
        self._asked: Counter[str] = Counter()
        self._listed_s: dict[str, float] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._one = threading.Lock()

    def told(self, uri: str) -> Object:
        """Return what there is to know of an object, a few seconds old at most. Raises FileNotFoundError."""
        known = self._fresh(uri)
        if known:
            return known
        folder = uri.rpartition("/")[0]
        with self._one:
            self._asked[folder] += 1
            many = self._asked[folder] > _SINGLY and scheme(uri) not in ("http", "https")
        if many and time.monotonic() - self._listed_s.get(folder, float("-inf")) > _FRESH_S:
            self._list(folder)
            known = self._fresh(uri)
        found = known or Objects(uri).one("")
        if found is None:
            raise FileNotFoundError(f"{uri} does not exist")
        self._told[uri] = time.monotonic(), found
        return found

    def note(self, folder: str, found: dict[str, Object]) -> None:
        """Note what a listing told."""
        now_s = time.monotonic()
        self._told |= {f"{folder}/{name}": (now_s, one) for name, one in found.items()}

    def fetched(self, uri: str) -> str:
        """Return where the copy of an object is, fetching it where there is none."""
        found = self.told(uri)
        path = _place(uri, found)
        with self._one:
            lock = self._locks.setdefault(uri, threading.Lock())
        with lock:
            with suppress(FileNotFoundError):
                used(path)
                return str(path)
            self._fetch(uri, found, path)
        return str(path)

    def _fetch(self, uri: str, found: Object, path: Path) -> None:
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with storage_errors(path):
            private_folder(path.parent)
            _bounded(_folder()).make_room(found.size_bytes)
            try:
                Objects(uri).fetch("", temporary)
                temporary.chmod(PRIVATE_FILE)
                if found.size_bytes and temporary.stat().st_size != found.size_bytes:
                    raise StorageError(f"{uri} was written while it was read; run the same command again")
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)

    def _fresh(self, uri: str) -> Object | None:
        at_s, found = self._told.get(uri, (float("-inf"), None))
        return found if time.monotonic() - at_s < _FRESH_S else None

    def _list(self, folder: str) -> None:
        self._listed_s[folder] = time.monotonic()
        self.note(folder, Objects(folder).below())


@cache
def _bounded(folder: Path) -> Bounded:
    return Bounded(folder, LIMIT_BYTES, _SPARED_S)


def _folder() -> Path:
    return Path(os.path.abspath(cache_folder())) / "sources"  # noqa: PTH100  (resolve() would follow links)


def _place(uri: str, found: Object) -> Path:
    server = for_lance(uri).get("aws_endpoint", "") if scheme(uri) == "s3" else ""
    said = f"{server} {uri} {found.mark} {found.written_ns} {found.size_bytes}"
    name = hashlib.blake2b(said.encode(errors="replace"), digest_size=16).hexdigest()
    return _folder() / name[:2] / f"{name}{PurePosixPath(bucket_and_key(uri)[1]).suffix[:16]}"
