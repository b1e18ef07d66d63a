"""The single place where files beside the tables are written: whole or not at all, private, and durable.

FAISS and torch leave torn files behind when a disk fills up; whatever they write goes through `write_atomic`.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

from ..errors import StorageError

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
_CUT_SHORT = "exceeds blob object size"
"""How Lance refuses to commit blobs whose file lacks a piece that the disk did not take."""
_OF_DISKS = (errno.EIO, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG)


def private_folder(path: Path) -> Path:
    """Make the folder `path` (and its parents) readable by its owner alone, if it is not there yet; return it."""
    with storage_errors(path):
        made = list(itertools.takewhile(lambda folder: not folder.exists(), (path, *path.parents)))
        for folder in reversed(made):  # one by one: `parents=True` would make the others by the umask
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            sync(folder.parent)
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)  # says so where it is no folder
    return path


def write_atomic(path: Path, content: bytes | Callable[[Path], None], *, durable: bool = True) -> None:
    """Write the file `path` so that a reader, a crash or a full disk finds the old file or the new one, nothing
    between.

    `content` is the bytes, or a function that writes them to the path it is given. durable: whether to wait until the
    disk has it; not for what is worth nothing after a crash. Raises StorageError.
    """
    with storage_errors(path):
        private_folder(path.parent)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            if isinstance(content, bytes):
                temporary.write_bytes(content)
            else:
                content(temporary)
            temporary.chmod(PRIVATE_FILE)
            if durable:
                sync(temporary)
            temporary.replace(path)
            if durable:
                sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove a folder so that a crash leaves all of it under its name, or nothing. Raises StorageError."""
    with storage_errors(folder):
        doomed = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.tmp")
        folder.rename(doomed)
        sync(folder.parent)
        shutil.rmtree(doomed)


def clear_torn(folder: Path) -> None:
    """Remove what killed processes left of files that they were writing into `folder`, which this one holds alone."""
    with storage_errors(folder):
        for path in folder.glob(".*.tmp"):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full disk and other failures of reading or writing inside the block into StorageError, naming `path`."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        code = errno.ENOSPC if is_disk_full(error) else error.errno
        raise _storage_error(code, str(error), path) from error
    except (RuntimeError, ValueError) as error:  # FAISS and Lance wrap the operating system's message
        code = errno.ENOSPC if is_disk_full(error) else _wrapped(error)
        if code is None:
            raise
        raise _storage_error(code, os.strerror(code), path) from error


def is_disk_full(error: BaseException) -> bool:
    """Return whether a library's error is, underneath, a full disk."""
    by_code = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return by_code or "No space left on device" in str(error) or "os error 28" in str(error)


def disk_full(path: Path) -> StorageError:
    """Return the error for `path`, for which there was no room."""
    return StorageError(
        f"the disk is full: {path} was not written, what was there before is untouched; free space and run again"
    )


def sync(path: Path) -> None:
    """Wait until the disk has the file or the folder `path`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wrapped(error: Exception) -> int | None:
    """Return the errno in the message of a library, as Rust writes it, or as C does; None where there is none."""
    told = re.search(r"\(os error (\d+)\)", str(error))
    if told:
        return int(told[1])
    if _CUT_SHORT in str(error):
        return errno.EIO
    return next((code for code in _OF_DISKS if os.strerror(code) in str(error)), None)


def _storage_error(code: int | None, text: str, path: Path) -> StorageError:
    if code in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    return StorageError(f"{path} could not be read or written ({text}); check its permissions and the disk")
