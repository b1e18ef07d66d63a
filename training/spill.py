"""Files of float32 that live as long as their reader: vectors that do not fit into memory, or are shared by workers."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..schemas.vector import Float32
from ..store.files import storage_errors
from ..store.lock import writer_lock
from .fetch import Fetched, Rows, gather

_PATTERN = ("vectors-", ".f32")


@dataclass
class SpillReader:
    """float32[n, d] in the file `path`, mapped by whichever process reads: the pages are shared."""

    path: Path
    shape: tuple[int, int]
    _matrix: Float32 | None = field(default=None, init=False, repr=False)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_matrix": None}

    def fetch(self, rows: Rows, epoch: int) -> Fetched:  # noqa: ARG002  (vectors are the same in every epoch)
        """Return the vectors of `rows`."""
        if self._matrix is None:
            self._matrix = self.map("c")
        return Fetched(rows, gather(self._matrix, rows))

    def map(self, mode: str) -> Float32:
        """Return the whole file as an array, to write ("r+") or to read ("c": PyTorch dislikes read-only arrays)."""
        with storage_errors(self.path):
            if 0 in self.shape:
                return np.empty(self.shape, np.float32)
            return np.memmap(self.path, np.float32, mode, shape=self.shape).view(np.ndarray)  # type: ignore[call-overload,no-any-return]


def new_spill(folder: Path, shape: tuple[int, int]) -> SpillReader:
    """Make a file of zeros in `folder`, which goes with its reader, and sweep those of processes that died.

    The owner of a file holds a lock on it, which the kernel frees with the process. Raises StorageError where the disk
    has no room: the file is allocated at once, for a full disk under a mapped file is a signal, not an error.
    """
    with writer_lock(folder), storage_errors(folder):
        _sweep(folder)
        descriptor, name = tempfile.mkstemp(prefix=_PATTERN[0], suffix=_PATTERN[1], dir=folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            _allocate(descriptor, 4 * shape[0] * shape[1])
        except OSError:
            _remove(Path(name), descriptor)
            raise
    reader = SpillReader(Path(name), shape)
    weakref.finalize(reader, _remove, Path(name), descriptor)
    return reader


def _allocate(descriptor: int, size_bytes: int) -> None:
    if sys.platform == "linux" and size_bytes:
        os.posix_fallocate(descriptor, 0, size_bytes)
    else:
        os.ftruncate(descriptor, size_bytes)


def _remove(path: Path, descriptor: int) -> None:
    path.unlink(missing_ok=True)
    os.close(descriptor)


def _sweep(folder: Path) -> None:
    for path in folder.glob("*".join(_PATTERN)):
        with path.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            path.unlink(missing_ok=True)
