"""A file to decode: opened once, and only where it is a regular file, so that no pipe or device can hang us."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import NotFound
from ..schemas.condition import Reason
from .unusable import Unusable

HEAD_BYTES = 4096


class Source:
    """An open regular file. `head` is its first 4 KiB; both decoders read through `fd`, which `close` closes."""

    __slots__ = ("fd", "head", "path", "size_bytes")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open `path`; raise NotFound where there is nothing, Unusable where it is no file or cannot be read."""
        self.path = os.fspath(path)
        self.fd = _open_regular(self.path)
        try:
            self.size_bytes = os.fstat(self.fd).st_size
            self.head = self.read_at(0, HEAD_BYTES)
        except BaseException:
            self.close()
            raise

    def read_at(self, position: int, length: int) -> bytes:
        """Return up to `length` bytes from `position`; fewer at the end of the file."""
        try:
            return os.pread(self.fd, length, position)
        except OSError as error:
            raise Unusable(self.path, Reason.UNREADABLE, error.strerror or "reading failed") from error

    def rewind(self) -> None:
        """Go back to the first byte: a decoder starts where `fd` stands."""
        os.lseek(self.fd, 0, os.SEEK_SET)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _open_regular(path: str) -> int:
    try:
        mode = Path(path).stat().st_mode  # first, for opening a device can have effects, and a pipe can wait for ever
        if stat.S_ISREG(mode):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a NUL in the name
        raise NotFound(f"{path!r} does not exist; check the path") from error
    except OSError as error:
        raise Unusable(path, Reason.UNREADABLE, error.strerror or "opening failed") from error
    raise Unusable(path, Reason.UNREADABLE, f"it is a {_kind(mode)}, not a file")


def _kind(mode: int) -> str:
    names = {stat.S_IFDIR: "folder", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}
    return names.get(stat.S_IFMT(mode), "device")
