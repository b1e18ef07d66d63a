"""Pieces of blobs that this machine has read: a training that goes through waveforms again reads them from its disk.

A blob is a file of the cache with holes where nothing was read yet. What is in it is known by the checksums of its
blocks, which are in the table: a hole, a torn write or a damaged block is no right one, and read from the store again.
So no list of what is there has to be true.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...encoders.cache import cache_folder
from ...errors import StorageError
from ..blocks import is_right
from ..files import PRIVATE_FILE, private_folder
from .address import is_uri
from .bounded import Bounded, used

SPARED_S = 86_400.0
"""What was used within a day stays, and what finds no room is not kept: epochs that went round a cache too small for
them would find nothing of what they look for."""
_OF_THE_DISK = 4
"""The share of the disk that the cache is on: a quarter."""


@dataclass(frozen=True)
class Pieces:
    """Pieces of the blobs of one table of a store that is not local."""

    place: str
    table: str

    def read(self, clip_id: str, first: int, size: int, sums: bytes) -> bytes | None:
        """Return whole blocks of a clip's blob, from byte `first`; None where they are not here, or not right.

        sums: the checksums of all its blocks.
        """
        path = self._path(clip_id, sums)
        try:
            with path.open("rb") as file:
                found = os.pread(file.fileno(), size, first)
            used(path)
        except OSError:
            return None
        return found if len(found) == size and is_right(clip_id, found, first, sums) else None

    def keep(self, clip_id: str, first: int, blocks: bytes, sums: bytes) -> None:
        """Keep whole blocks, where there is room for them."""
        path = self._path(clip_id, sums)
        with suppress(OSError, StorageError):  # a full disk, say: they are read again
            if _bounded(_folder()).make_room(len(blocks)):
                private_folder(path.parent)
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
                try:
                    os.pwrite(file, blocks, first)
                finally:
                    os.close(file)

    def _path(self, clip_id: str, sums: bytes) -> Path:
        said = hashlib.blake2b(f"{self.place} {self.table} {clip_id} ".encode() + sums, digest_size=16).hexdigest()
        return _folder() / said[:2] / said


def pieces_of(place: str, table: str) -> Pieces | None:
    """Return the pieces of a table of the store at `place`, None where that is local."""
    return Pieces(place, table) if is_uri(place) else None


@cache
def _bounded(folder: Path) -> Bounded:
    return Bounded(folder, shutil.disk_usage(private_folder(folder)).total // _OF_THE_DISK, SPARED_S)


def _folder() -> Path:
    return Path(os.path.abspath(cache_folder())) / "pieces"  # noqa: PTH100  (resolve() would follow links)
