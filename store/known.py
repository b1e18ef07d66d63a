"""What a store already knows of its source files, in memory: lets `add` pass over them without reading a byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from ..schemas.clip import Source
from ..schemas.condition import UNDECIDED
from .identity import clip_id, content_hash
from .remote.sources import at_hand, told_of
from .tables import Tables

CLIPS_TABLE = "clips"


@dataclass(frozen=True, slots=True)
class _Seen:
    mtime_ns: int
    size_bytes: int
    content: str


class Known:
    """Clip ids of a store, those that are to be tried anew, and by path the hash, size and time of every file seen."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.version = 0
        self.ids: set[str] = set()
        self.undecided: set[str] = set()
        self._by_path: dict[str, _Seen] = {}
        self._hashed: dict[str, _Seen] = {}
        self._locks: dict[str, Lock] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the clips table again, if another process has committed to it."""
        version = self._tables.version(CLIPS_TABLE)
        if version == self.version:
            return
        columns = ["clip_id", "uris", "mtimes_ns", "size_bytes", "content_hash", "reason"]
        ids, undecided, by_path = set[str](), set[str](), dict[str, _Seen]()  # anew: others remove clips as well
        for batch in self._tables.batches(CLIPS_TABLE, columns, version=version):
            _note(batch.to_pylist(), ids, undecided, by_path)
        self.ids, self.undecided, self._by_path, self.version = ids, undecided, by_path, version

    def wrote(self, rows: Iterable[Mapping[str, Any]], commits: int) -> None:
        """Take note of rows that this process has just written, by so many commits, without reading the table again.

        Where somebody without the lock wrote too, the table's version is beyond this one, and is read at the next
        refresh.
        """
        _note(rows, self.ids, self.undecided, self._by_path)
        self.version += commits

    def content_of(self, source: Source) -> tuple[str, int, int]:
        """Return (content hash, mtime_ns, size_bytes) of a source's file, hashing it only if it is new or has changed.

        Raises OSError where the file cannot be read, BadInput where it is no regular file.
        """
        mtime_ns, size_bytes = told_of(source.path)
        seen = self._by_path.get(source.path)
        if seen and (seen.mtime_ns, seen.size_bytes) == (mtime_ns, size_bytes):
            return seen.content, mtime_ns, size_bytes
        if source.is_excerpt:
            return self._hash_once(source.path, mtime_ns, size_bytes), mtime_ns, size_bytes
        return content_hash(Path(at_hand(source.path))), mtime_ns, size_bytes

    def _hash_once(self, path: str, mtime_ns: int, size_bytes: int) -> str:
        """Return the hash of a file of which there are many excerpts, reading it for the first alone."""
        with self._locks.setdefault(path, Lock()):
            seen = self._hashed.get(path)
            if not seen or (seen.mtime_ns, seen.size_bytes) != (mtime_ns, size_bytes):
                seen = self._hashed[path] = _Seen(mtime_ns, size_bytes, content_hash(Path(at_hand(path))))
        return seen.content

    def has(self, source: Source, content: str, mtime_ns: int) -> bool:
        """Return whether this very clip is known at this very path, written when the file was, and the source says
        nothing more about it.
        """
        seen = self._by_path.get(source.path)
        says_more = bool(source.labels or source.fields or source.extra)
        known_here = seen is not None and (seen.content, seen.mtime_ns) == (content, mtime_ns)
        return known_here and not says_more and clip_id(content, source) in self.ids


def _note(rows: Iterable[Mapping[str, Any]], ids: set[str], undecided: set[str], by_path: dict[str, _Seen]) -> None:
    for row in rows:
        ids.add(row["clip_id"])
        (undecided.add if row["reason"] in UNDECIDED else undecided.discard)(row["clip_id"])
        for uri, mtime_ns in zip(row["uris"], row["mtimes_ns"], strict=True):
            by_path[uri] = _Seen(mtime_ns, row["size_bytes"], row["content_hash"])
