"""Where the tables of a store are, and what is asked of their files: a local folder, or a URI that Lance takes as well.

On a local disk a commit is made durable, and sealed, by this package; an object store does both by itself: what a put
answered is whole, and lasts.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import below, discard
from .address import is_uri, store_uri
from .mirror import mirror_folder, mirror_of
from .objects import Object, Objects
from .settings import for_lance

if TYPE_CHECKING:
    import lance

SUFFIX = ".lance"
_MANIFEST = ".manifest"
_AT_ONCE = 8


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


def dataset_at(place: str, table: str, version: int | None = None, session: Any = None) -> lance.LanceDataset:
    """Return a version (None: the newest) of a table at a folder or URI. Raises what Lance raises."""
    import lance

    options = options_of(place) or None
    return lance.dataset(f"{place}/{table}{SUFFIX}", version=version, session=session, storage_options=options)


def files_below(place: str) -> dict[str, Object]:
    """Return the files in and below a folder or URI, by name from there; of a local one that go meanwhile, none."""
    if is_uri(place):
        return Objects(place).below()
    found, root = {}, Path(place)
    for path in below(root):
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


def tables_at(place: str) -> list[str]:
    """Return the names of all tables at a folder or URI, sorted, whether any was committed to or not. Raises OSError,
    StorageError.
    """
    found = Objects(place).names() if is_uri(place) else [path.name for path in Path(place).iterdir()]
    return sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX))


def committed_at(place: str) -> list[str]:
    """Return the names of the tables at a folder or URI that were committed to, sorted. Raises as `tables_at`."""
    names = tables_at(place)
    if not is_uri(place):
        return [name for name in names if has_versions(place, name)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # a request each
        there = pool.map(partial(has_versions, place), names)
        return [name for name, committed in zip(names, there, strict=True) if committed]


def drop_at(place: str, table: str) -> None:
    """Remove a table at a folder or URI; a crash leaves all of it, or what is no table. Raises StorageError."""
    if not is_uri(place):
        discard(Path(place, f"{table}{SUFFIX}"))
        return
    objects = Objects(place)
    for part in (f"{table}{SUFFIX}/_versions", f"{table}{SUFFIX}"):  # without a version the rest is none
        objects.remove(objects.below(part))


def has_versions(place: str, table: str) -> bool:
    """Return whether a table at a folder or URI was committed to. Raises StorageError."""
    if is_uri(place):
        return any(name.endswith(_MANIFEST) for name in Objects(place).names(f"{table}{SUFFIX}/_versions"))
    versions = Path(place, f"{table}{SUFFIX}", "_versions")
    return versions.is_dir() and any(file.suffix == _MANIFEST for file in versions.iterdir())
