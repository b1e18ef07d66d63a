"""Unpacking zip and tar archives into a folder, and nowhere else; interrupted, it goes on where it stopped."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast

from ...errors import BadInput, StorageError
from ...progress import Progress
from ..files import storage_errors
from .base import inside
from .joined import Joined

_TORN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, RuntimeError)
"""What Python's readers raise for archives that are damaged or of a kind they do not know."""

_COMPRESSED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
"""First bytes, and what reads it. Not tarfile's own stream, which checks no sums and takes a torn end for the end."""

_PART = ".part"


def unpack(parts: Sequence[Path], folder: Path, progress: Progress) -> None:
    """Unpack the archive that `parts` make up, in order, into `folder`.

    Each file comes to be whole or not at all, and one that is there with the size that the archive says is passed over.
    Links and devices are left out. Raises BadInput for a torn archive and for one with a path that leaves `folder`, and
    StorageError for a disk that is full or would be.
    """
    with storage_errors(folder), _refusing_torn(parts[0]), io.BufferedReader(Joined(parts)) as file:
        folder.mkdir(parents=True, exist_ok=True)
        if file.peek(2)[:2] == b"PK":
            _unpack_zip(file, folder, progress)
        else:
            with _decompressed(file) as content:
                _unpack_tar(content, folder, progress)


def _unpack_zip(file: IO[bytes], folder: Path, progress: Progress) -> None:
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        targets = [_target(folder, member.filename) for member in members]  # all of them before any is written
        left = [i for i, target in enumerate(targets) if not _is_there(target, members[i].file_size)]
        needed = sum(members[i].file_size for i in left)
        free = shutil.disk_usage(folder).free
        if needed > free:
            raise StorageError(f"{folder} needs {needed >> 20} MiB for the archive and has {free >> 20}; free space")
        for number, i in enumerate(left, start=len(members) - len(left) + 1):
            with archive.open(members[i]) as content:
                _write(content, targets[i])
            progress("unpack", number, len(members))


def _unpack_tar(file: IO[bytes], folder: Path, progress: Progress) -> None:
    with tarfile.open(fileobj=file, mode="r|") as archive:
        number = 0
        for member in archive:
            if not member.isreg():
                continue
            target = _target(folder, member.name)
            content = None if _is_there(target, member.size) else archive.extractfile(member)
            if content:
                _write(content, target)
            number += 1
            progress("unpack", number, None)
    while file.read(1 << 20):  # to the end, where the sums are
        pass


def _decompressed(file: IO[bytes]) -> IO[bytes]:
    head = file.read(8)
    file.seek(0)
    reader = next((reader for magic, reader in _COMPRESSED if head.startswith(magic)), None)
    return cast(IO[bytes], reader(cast(Any, file))) if reader else file


def _target(folder: Path, name: str) -> Path:
    """Return where a member goes; raise BadInput if that is not below `folder`, through a link as well."""
    target = folder / inside(name)
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise BadInput(f"{name[:200]!r} would be unpacked to outside {folder}, through a link; remove the link")
    return target


def _is_there(target: Path, size_bytes: int) -> bool:
    return target.is_file() and target.stat().st_size == size_bytes


def _write(content: IO[bytes], target: Path) -> None:
    """Write one file under another name first. Not forced to disk: what a power cut tears has another size."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + _PART)
    part.unlink(missing_ok=True)  # it may be a link
    with part.open("xb") as stream:
        shutil.copyfileobj(content, stream, 1 << 20)
    os.replace(part, target)  # noqa: PTH105


@contextlib.contextmanager
def _refusing_torn(path: Path) -> Iterator[None]:
    try:
        yield
    except (*_TORN, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the decompressor's
            raise
        reason = f"{type(error).__name__}: {error}"
        raise BadInput(
            f"archive {path} is torn or of an unknown kind ({reason}); delete it and run it again"
        ) from error
