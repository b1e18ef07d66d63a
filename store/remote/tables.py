"""Where the tables of a store are, and what is asked of their files: a local folder, or a URI that Lance takes as well.

On a local disk a commit is made durable, and sealed, by this package; an object store does both by itself: what a put
answered is whole, and lasts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .address import is_uri, store_uri
from .mirror import mirror_folder, mirror_of
from .objects import Object, Objects
from .settings import for_lance

SUFFIX = ".lance"


def place_of(folder: Path) -> str:
    """Return where the tables of the store are whose files lie in `folder`: the folder, or the URI that it mirrors."""
    mirror = mirror_of(folder)
    return mirror.uri if mirror and mirror.folder == folder else str(folder)


def folder_of(place: str | Path) -> Path:
    """Return the folder with the files beside the tables of the store at `place`: itself, or the mirror of a URI.

    Raises UsageError for a URI that can be no store, StorageError where the mirror cannot be made.
    """
    return mirror_folder(store_uri(str(place))) if is_uri(place) else Path(place).absolute()


def options_of(place: str) -> dict[str, str]:
    """Return the storage options for Lance of what is at `place`. Raises UsageError."""
    return for_lance(place) if is_uri(place) else {}


def files_below(place: str) -> dict[str, Object]:
    """Return the files in and below a folder or URI, by name from there; of a local one that go meanwhile, none."""
    if is_uri(place):
        return Objects(place).below()
    found, root = {}, Path(place)
    for path in root.rglob("*"):
        try:
            told = path.lstat()
        except FileNotFoundError:
            continue
        if path.is_file():
            found[path.relative_to(root).as_posix()] = Object("", told.st_size, told.st_mtime_ns)
    return found


def sizes_of(place: str) -> Callable[[str], int | None]:
    """Return what tells the size in bytes of a file below a folder or URI, None where there is no such file. Of a URI
    all are listed at once.
    """
    if is_uri(place):
        listed = files_below(place)
        return lambda name: listed[name].size_bytes if name in listed else None
    root = Path(place)
    return lambda name: (root / name).stat().st_size if (root / name).is_file() else None


def tables_at(uri: str) -> list[str]:
    """Return the names of all tables at a URI, sorted, whether any was committed to or not. Raises StorageError."""
    found = Objects(uri).names()
    return sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX))


def has_versions(uri: str, table: str) -> bool:
    """Return whether a table at a URI was committed to. Raises StorageError."""
    return any(name.endswith(".manifest") for name in Objects(uri).names(f"{table}{SUFFIX}/_versions"))
