"""A folder of the user's cache that takes no more than its share: what was used longest ago goes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SHARE = 16
"""What is there is looked at once another such part of the limit has come."""


class Bounded:
    """Files in folders of `folder`, of up to `limit_bytes` or little more. For any number of threads and processes.

    spared_s: what was used since stays, whatever it takes: somebody may be reading it, or will be soon.
    """

    def __init__(self, folder: Path, limit_bytes: int, spared_s: float) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._spared_s = spared_s
        self._new_bytes = limit_bytes
        self._has_room = True
        self._one = threading.Lock()

    def make_room(self, size_bytes: int) -> bool:
        """Remove what has to go for a file of this size; return whether there is room."""
        with self._one:
            self._new_bytes += size_bytes
            if self._new_bytes * _SHARE >= self._limit_bytes:
                self._has_room = self._cut_down(size_bytes)
                self._new_bytes = 0
            return self._has_room

    def _cut_down(self, size_bytes: int) -> bool:
        kept = sorted(self._files())
        over = sum(size for _, size, _ in kept) + size_bytes - self._limit_bytes
        for used_s, size, path in kept:
            if over <= 0 or time.time() - used_s < self._spared_s:
                break
            path.unlink(missing_ok=True)
            over -= size
        return over <= 0

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield when each file was used, the bytes of the disk that it takes, and where it is."""
        for path in self._folder.glob("*/*"):
            with suppress(FileNotFoundError):
                told = path.stat()
                yield told.st_mtime, told.st_blocks * 512, path


def used(path: Path) -> None:
    """Note that a file is used now. Raises OSError where there is none."""
    os.utime(path)
