"""The files of a table: each that a version needs is there, at its length, and no others are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ..remote.tables import files_below, sizes_of
from ..seals import INDICES

if TYPE_CHECKING:
    import lance

_OURS = ("data/", "_deletions/", "_indices/")
"""Where a writer that was killed leaves files; what else Lance keeps is small, and it looks after it itself."""
_PAGES = "page_data.lance"
"""What every key index has."""


def broken_files(dataset: lance.LanceDataset) -> Iterator[str]:
    """Yield a sentence for each file with rows of a version of a table, or that says which of them are deleted, that is
    missing or not of the length it had.
    """
    found = sizes_of(dataset.uri)
    for path, size in _of_rows(dataset).items():
        here = found(path)
        if here is None:
            yield f"{path} is missing"
        elif size not in (None, here):
            yield f"{path} has {here} bytes, not {size}"


def lost_index_files(dataset: lance.LanceDataset, sealed: Mapping[str, int]) -> list[Path]:
    """Return the files of the key indexes of a version of a table that are missing or not of the length they had.

    sealed: the sealed files of the table, with their sizes.
    """
    folder, size_of = Path(dataset.uri), sizes_of(dataset.uri)
    found = []
    for index in dataset.describe_indices():
        for uuid in (str(segment.uuid) for segment in index.segments):
            sizes = {folder / name: size for name, size in sealed.items() if name.startswith(f"{INDICES}/{uuid}/")}
            found += [path for path, size in sizes.items() if size_of(str(path.relative_to(folder))) != size]
            if not sizes and size_of(f"{INDICES}/{uuid}/{_PAGES}") is None:
                found.append(folder / INDICES / uuid / _PAGES)
    return found


def orphans(dataset: lance.LanceDataset) -> list[str]:
    """Return the files within the folder of a table that no version of it names, sorted.

    The caller holds the writer lock: a commit that is going on has files that nothing names yet.
    """
    named = set(dataset.tracked_files().read_all().column("path").unique().to_pylist())
    stems = {path.removesuffix(".lance") for path in named if path.startswith("data/")}
    found = []
    for path in files_below(dataset.uri):
        beside = path.endswith(".blob") and str(PurePosixPath(path).parent) in stems
        if path.startswith(_OURS) and path not in named and not beside:
            found.append(path)
    return sorted(found)


def _of_rows(dataset: lance.LanceDataset) -> dict[str, int | None]:
    """Return the files of a version that hold rows or say which are deleted, with their sizes where these are known.

    From its own manifest alone: one that is damaged, of a version that nobody needs, is nothing to it.
    """
    found: dict[str, int | None] = {}
    for fragment in dataset.get_fragments():
        found |= {f"data/{file.path}": file.file_size_bytes for file in fragment.data_files()}
        deleted = fragment.deletion_file()
        if deleted:
            found[str(deleted)] = None
    return found
