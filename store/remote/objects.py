"""The objects below a URI: whole files by name, read and put by fsspec. Every put is whole, and durable once answered.

fsspec and what it needs for a cloud are optional packages; they are imported when the first object is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ...errors import Unavailable
from .address import bucket_and_key, scheme
from .failing import no_bucket, storage_answers
from .settings import for_fsspec

_EXTRA = {"s3": "s3", "gs": "gs", "az": "az", "http": "s3", "https": "s3"}
_MARKS = ("ETag", "etag", "md5Hash", "generation", "mtime", "LastModified", "last_modified", "updated")
_TIMES = ("LastModified", "last_modified", "updated", "mtime")
_PART_BYTES = 16 << 20


@dataclass(frozen=True)
class Object:
    """An object as the object store tells of it. mark: changes whenever it is written; written_ns: when, by the clock
    of the store, in nanoseconds since 1970, 0 where it does not say.
    """

    mark: str
    size_bytes: int
    written_ns: int


class Objects:
    """The objects below `uri`, by name. All methods raise StorageError where the object store cannot be asked."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        bucket, key = bucket_and_key(uri)
        self._root = f"{bucket}/{key}".rstrip("/") if scheme(uri) not in ("http", "https") else uri

    @cached_property
    def files(self) -> Any:
        """The file system of fsspec. Raises Unavailable where the packages are missing."""
        try:
            import fsspec

            with storage_answers(self.uri):
                files = fsspec.filesystem(scheme(self.uri), **for_fsspec(self.uri))
        except ImportError as error:
            extra = _EXTRA[scheme(self.uri)]
            raise Unavailable(f"{self.uri} needs packages for it; run `pip install 'echodex[{extra}]'`") from error
        if scheme(self.uri) == "s3":
            files.retries = 1  # of s3fs, around those of botocore: both would multiply
        return files

    def read(self, name: str) -> bytes | None:
        """Return an object, None where there is none."""
        with storage_answers(self.uri):
            try:
                return bytes(self.files.cat_file(self._at(name)))
            except FileNotFoundError:
                return None

    def put(self, name: str, content: bytes | Path) -> None:
        """Write an object, bytes or a file, in the place of one of that name."""
        with self._writing():
            if isinstance(content, bytes):
                self.files.pipe_file(self._at(name), content)
            else:
                self.files.put_file(os.fspath(content), self._at(name), chunksize=_PART_BYTES)

    def create(self, name: str, content: bytes) -> bool:
        """Write an object where there is none of that name; return whether there was none. Of all who try, one does.

        Where the answer was lost and the libraries asked again, the object that they found is our own.
        """
        with self._writing():
            try:
                self.files.pipe_file(self._at(name), content, mode="create")
            except FileExistsError:
                return self.read(name) == content
        return True

    def fetch(self, name: str, path: Path) -> None:
        """Write an object to a file. Raises FileNotFoundError where there is none."""
        with storage_answers(self.uri):
            self.files.get_file(self._at(name), os.fspath(path))

    def copy(self, name: str, other: str) -> None:
        """Copy an object to another name. Raises FileNotFoundError where there is none."""
        with storage_answers(self.uri):
            self.files.cp_file(self._at(name), self._at(other))

    def remove(self, names: Collection[str]) -> None:
        """Remove objects, those that are there."""
        with storage_answers(self.uri):
            for name in names:
                try:
                    self.files.rm_file(self._at(name))
                except FileNotFoundError:
                    continue

    def one(self, name: str) -> Object | None:
        """Return what there is to know of an object, None where there is none."""
        with storage_answers(self.uri):
            try:
                found = self.files.info(self._at(name))
            except FileNotFoundError:
                return None
        return _object(found) if found.get("type") != "directory" else None

    def below(self, folder: str = "") -> dict[str, Object]:
        """Return the objects in and below a folder, by name from the root."""
        with storage_answers(self.uri):
            try:
                found = self.files.find(self._at(folder), detail=True)
            except FileNotFoundError:
                return {}
        skipped = len(self._root) + 1
        return {path[skipped:]: _object(told) for path, told in found.items() if not path.endswith("/")}

    def names(self, folder: str = "") -> list[str]:
        """Return the names of what is directly in a folder, objects and folders, sorted."""
        with storage_answers(self.uri):
            try:
                found = self.files.ls(self._at(folder), detail=False)
            except FileNotFoundError:
                return []
        return sorted({path.rstrip("/").rpartition("/")[2] for path in found} - {""})

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with storage_answers(self.uri):
                yield
        except FileNotFoundError:
            raise no_bucket(self.uri) from None

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root


def _object(told: dict[str, Any]) -> Object:
    mark = next((str(told[key]) for key in _MARKS if told.get(key)), "")
    time = next((told[key] for key in _TIMES if hasattr(told.get(key), "timestamp")), None)
    return Object(mark, int(told.get("size") or 0), int(time.timestamp() * 1e9) if time is not None else 0)
