"""An archive that comes in parts, read as one file: nothing is written twice."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO


class Joined(io.RawIOBase):
    """The bytes of several files, one after the other, as one seekable file. Holds one of them open at a time."""

    def __init__(self, paths: Sequence[Path]) -> None:
        super().__init__()
        self._paths = list(paths)
        self._starts = list(accumulate((path.stat().st_size for path in self._paths), initial=0))
        self._at = 0
        self._open: tuple[int, BinaryIO] | None = None

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def seekable(self) -> bool:
        """Whether it can be moved in: yes."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read from."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to `offset` bytes from the start, from here or from the end; return where that is."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._starts[-1]}[whence]
        if origin + offset < 0:
            raise ValueError("cannot move to before the start")
        self._at = origin + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` as far as the part that holds the next byte goes; return how many bytes that were."""
        if self._at >= self._starts[-1]:
            return 0
        number = bisect_right(self._starts, self._at) - 1
        part = self._part(number)
        part.seek(self._at - self._starts[number])
        block = part.read(min(len(buffer), self._starts[number + 1] - self._at))
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)

    def close(self) -> None:
        """Close the part that is open."""
        if self._open:
            self._open[1].close()
            self._open = None
        super().close()

    def _part(self, number: int) -> BinaryIO:
        if self._open is None or self._open[0] != number:
            if self._open:
                self._open[1].close()
            self._open = number, self._paths[number].open("rb")
        return self._open[1]
