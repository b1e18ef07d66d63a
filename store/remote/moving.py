"""Files of a store moved, copied, read and removed one by one where nothing of them was fetched: those of tables.

Of a local store they are plain files. Of one on object storage there is no rename: an object is copied and then
removed, so that a process which dies in between leaves it twice.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ..files import private_folder, storage_errors, sync, write_atomic
from .mirror import Mirror, mirror_of


def present(path: Path) -> bool:
    """Return whether a file or folder of a store is there. Raises StorageError."""
    mirror = mirror_of(path)
    return bool(_names(mirror, path)) if mirror else path.exists()


def content(path: Path) -> bytes:
    """Return the bytes of a file of a store. Raises FileNotFoundError, StorageError."""
    mirror = mirror_of(path)
    found = mirror.objects.read(mirror.name_of(path)) if mirror else path.read_bytes()
    if found is None:
        raise FileNotFoundError(f"{path} does not exist")
    return found


def move(path: Path, target: Path) -> None:
    """Move a file or folder of a store within it. Raises StorageError."""
    mirror = mirror_of(path)
    if mirror is None:
        with storage_errors(path):
            private_folder(target.parent)
            path.rename(target)
            sync(target.parent)
        return
    names = _names(mirror, path)
    for name in names:
        mirror.objects.copy(name, _renamed(mirror, name, path, target))
    mirror.objects.remove(names)
    with storage_errors(path):
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
    mirror.look_again()


def copy(path: Path, target: Path) -> None:
    """Copy a file of a store within it. Raises StorageError."""
    mirror = mirror_of(path)
    if mirror is None:
        write_atomic(target, path.read_bytes())
    else:
        mirror.objects.copy(mirror.name_of(path), mirror.name_of(target))


def take_away(path: Path) -> None:
    """Remove a file or folder of a store, if it is there. Raises StorageError."""
    mirror = mirror_of(path)
    if mirror:
        mirror.objects.remove(_names(mirror, path))
        mirror.look_again()
    with storage_errors(path):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _names(mirror: Mirror, path: Path) -> list[str]:
    """Return the objects that a file or folder is, sorted."""
    name = mirror.name_of(path)
    return [name] if mirror.objects.one(name) else sorted(mirror.objects.below(name))


def _renamed(mirror: Mirror, name: str, path: Path, target: Path) -> str:
    return mirror.name_of(target) + name.removeprefix(mirror.name_of(path))
