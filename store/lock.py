"""The writer lock: one process at a time commits to a store. The kernel frees it when its holder dies.

Of a store on object storage a lease keeps the machines apart (store/remote/lease.py), and this lock, on the mirror, the
processes of each.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import StorageError, StoreLocked
from .files import PRIVATE_FILE, storage_errors
from .remote.mirror import mirror_of

LOCK_FILE = ".lock"
WAIT_S = 120.0
"""Commits take milliseconds; whoever holds the lock longer than this does something exclusive, or hangs."""


@contextlib.contextmanager
def writer_lock(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the writer lock of the store at `folder` for the length of the block.

    Waits up to `wait_s` seconds for another process; then raises StoreLocked. Raises StorageError where the store may
    only be read.
    """
    descriptor = _opened(folder)
    try:
        _acquire(descriptor, folder, time.monotonic() + wait_s)
        with _apart(folder, descriptor, wait_s):
            yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _apart(folder: Path, descriptor: int, wait_s: float) -> Iterator[None]:
    """Keep other machines out as well where `folder` is of a store on object storage."""
    mirror = mirror_of(folder)
    if mirror is None:
        yield
        return
    from .remote.lease import lease

    name = "" if folder == mirror.folder else mirror.name_of(folder)
    with lease(mirror.objects, name, f"{mirror.uri}/{name}".rstrip("/"), descriptor, wait_s):
        mirror.look_again()
        yield


def _opened(folder: Path) -> int:
    path = folder / LOCK_FILE
    with storage_errors(path):
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            raise StorageError(
                f"{folder} may only be read here ({error.strerror}), so nothing was changed; copy it to a place of "
                "your own, or ask its owner to let you write"
            ) from error


def _acquire(descriptor: int, folder: Path, deadline_s: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline_s:
                raise StoreLocked(
                    f"another process is writing to {folder}; wait for it to finish, then run the same command again"
                ) from None
            time.sleep(0.02)
        except OSError as error:
            raise StorageError(
                f"{folder} lies where files cannot be locked ({error.strerror}); move the store to a local disk, or "
                "mount this one with locks"
            ) from error
        else:
            return
