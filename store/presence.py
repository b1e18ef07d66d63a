"""Who has a store open: every process that reads or writes one holds a shared lock on its folder for as long as it may
read on, so that `compact` knows whether anybody could miss what it takes away. The kernel frees it when they die.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

from .remote.mirror import mirror_of


class Presence:
    """Says that its owner has the store at `folder` open, from the first `show` until it is garbage.

    Of a store on object storage nobody knows who has it open: there it says nothing, and `alone` is never sure. The
    lock is on the folder itself, so that nothing is written, and a store that may only be read can be held too.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self._one = threading.Lock()

    def show(self) -> None:
        """Hold the folder, where it is not held yet. Never waits, and never fails: it is a courtesy of others to heed
        it.
        """
        if self._descriptor is not None or mirror_of(self._folder):
            return
        with self._one, contextlib.suppress(OSError):
            if self._descriptor is None:
                self._descriptor = self._held()

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Give whether nobody else has the store open; who comes during the block is not kept waiting."""
        self.show()
        if self._descriptor is None:  # a file system without locks, or none at all
            yield False
            return
        try:
            yield _try(self._descriptor, fcntl.LOCK_EX)
        finally:
            if not _try(self._descriptor, fcntl.LOCK_SH):  # another asks the same just now
                self._descriptor = None

    def _held(self) -> int:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        weakref.finalize(self, os.close, descriptor)
        return descriptor


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
