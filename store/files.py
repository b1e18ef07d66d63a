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
from typing import TYPE_CHECKING
from uuid import uuid4

from ..errors import StorageError

if TYPE_CHECKING:
    from .remote.mirror import Mirror

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
    disk has it; not for what is worth nothing after a crash. A file of a store on object storage is there before it is
    here. Raises StorageError.
    """
    mirror = _mirror_of(path)
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
            there = mirror.put(path, temporary) if mirror else None
            temporary.replace(path)
            if durable:
                sync(path.parent)
            if mirror and there:
                mirror.note(path, there)
        finally:
            temporary.unlink(missing_ok=True)


def discard(folder: Path) -> None:
    """Remove a folder so that a crash leaves all of it under its name, or nothing. Raises StorageError."""
    with storage_errors(folder):
        doomed = folder.with_name(f".{folder.name}.{uuid4().hex[:8]}.tmp")
        folder.rename(doomed)
        sync(folder.parent)
        shutil.rmtree(doomed)


def remove(path: Path) -> None:
    """Remove a file of a store, if it is there, from object storage first where the store is on it. Raises
    StorageError.
    """
    mirror = _mirror_of(path)
    if mirror:
        mirror.remove(path)
    with storage_errors(path):
        path.unlink(missing_ok=True)


def _mirror_of(path: Path) -> Mirror | None:
    """Return the mirror that the file `path` is shared by, None for a file that is this machine's alone."""
    from .remote.mirror import mirror_of  # which writes its own notes by this module

    mirror = mirror_of(path)
    return mirror if mirror and mirror.holds(path) else None


def _check_remote(path: Path, error: Exception) -> None:
    """Raise StorageError where Lance could not ask the object store that `path` mirrors."""
    from .remote.failing import failure, is_of_storage
    from .remote.mirror import mirror_of

    mirror = mirror_of(path)
    if mirror and is_of_storage(error):
        raise failure(f"{mirror.uri}/{mirror.name_of(path)}", error) from None


def below(folder: Path) -> Iterator[Path]:
    """Yield all that is in a folder and below it. Unlike Path.rglob it passes over folders that go meanwhile."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))


def clear_torn(folder: Path) -> None:
    """Remove what killed processes left of files that they were writing into `folder`, which this one holds alone."""
    with storage_errors(folder):
        for path in folder.glob(".*.tmp"):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full disk and other failures of reading or writing inside the block into StorageError, naming `path`, or
    the URI that it mirrors.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        _check_remote(path, error)
        code = errno.ENOSPC if is_disk_full(error) else error.errno
        raise _storage_error(code, str(error), path) from error
    except (RuntimeError, ValueError) as error:  # FAISS and Lance wrap the operating system's message
        _check_remote(path, error)
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
