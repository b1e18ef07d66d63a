"""Sealed files: hashed block by block when written, checked block by block before anything reads them.

A file of many gigabytes is not read to the end before the first answer: the blocks that a search is about to touch are
checked, each once. A flipped bit is found before FAISS, which trusts its files, can act on it.
"""

from __future__ import annotations

import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...audio.cores import core_count
from ...errors import Stale
from ...schemas.manifest import Seal

BLOCK_BYTES = 1 << 20
"""Small enough that checking the few lists of a first search takes milliseconds; 64 bytes of hash for each."""


Bytes = NDArray[np.uint8]


class BrokenSeal(Stale):
    """A file is not what was written; found when it is opened, or later, when a part of it is first read."""


def seal(path: Path) -> Seal:
    """Return the hashes of a file."""
    content = _mapped(path)
    blocks = range(-(-len(content) // BLOCK_BYTES))
    return Seal(len(content), BLOCK_BYTES, tuple(_sums(content, BLOCK_BYTES, blocks)))


class Sealed:
    """A file and its seal, open for reading. The mapping lives as long as this object."""

    def __init__(self, path: Path, expected: Seal) -> None:
        """Map the file. Raises FileNotFoundError, and Stale where it is none or its size is not the sealed one."""
        if not stat.S_ISREG(path.stat().st_mode):  # whoever opens a pipe waits
            raise BrokenSeal(f"{path} is no file")
        self.path = path
        self.content = _mapped(path)
        self._seal = expected
        self._unchecked = np.ones(len(expected.sums), dtype=np.bool_)
        if len(self.content) != expected.size_bytes or len(expected.sums) != -(
            -expected.size_bytes // expected.block_bytes
        ):
            raise BrokenSeal(f"{path} is not of the size that was written")

    @property
    def whole(self) -> bool:
        """Whether every byte has been checked."""
        return not self._unchecked.any()

    def check(self, start: int = 0, stop: int | None = None) -> None:
        """Check the bytes from `start` to `stop` (None: the end), those that were not checked yet; raise Stale."""
        stop = self._seal.size_bytes if stop is None else stop
        first, last = start // self._seal.block_bytes, -(-stop // self._seal.block_bytes)
        self._check(first + np.flatnonzero(self._unchecked[first:last]))

    def check_more(self, blocks: int) -> None:
        """Check up to so many further blocks, those nearest to the file's start; raise Stale."""
        self._check(np.flatnonzero(self._unchecked)[:blocks])

    def _check(self, blocks: NDArray[np.int64]) -> None:
        found = _sums(self.content, self._seal.block_bytes, blocks.tolist())
        if any(total != self._seal.sums[block] for total, block in zip(found, blocks, strict=True)):
            raise BrokenSeal(f"{self.path} is not what was written")
        self._unchecked[blocks] = False


def _mapped(path: Path) -> Bytes:
    if not path.stat().st_size:
        return np.empty(0, dtype=np.uint8)
    return np.memmap(path, dtype=np.uint8, mode="r")


def _sums(content: Bytes, block_bytes: int, blocks: range | list[int]) -> list[str]:
    def of(block: int) -> str:
        return hashlib.sha256(content[block * block_bytes : (block + 1) * block_bytes].data).hexdigest()

    if len(blocks) < 2 * core_count():  # starting threads would take longer
        return [of(block) for block in blocks]
    with ThreadPoolExecutor(core_count()) as pool:  # hashing lets go of the interpreter's lock
        return list(pool.map(of, blocks))
