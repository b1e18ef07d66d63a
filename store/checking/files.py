"""The files of a table: each that a version needs is there, at its length, and no others are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import lance

_OURS = ("data/", "_deletions/", "_indices/")
"""Where a writer that was killed leaves files; what else Lance keeps is small, and it looks after it itself."""


def broken_files(dataset: lance.LanceDataset, versions: Iterable[int]) -> Iterator[str]:
    """Yield a sentence for each file of these versions of a table that is missing or not of the length it had."""
    import lance

    here = _sizes(dataset)
    seen: set[str] = set()
    for version in sorted(set(versions)):
        opened = lance.dataset(dataset.uri, version=version)
        lengths = {
            f"data/{file.path}": file.file_size_bytes
            for fragment in opened.get_fragments()
            for file in fragment.data_files()
        }
        for path in sorted(_tracked(opened, version) - seen):
            seen.add(path)
            if path not in here:
                yield f"{path} is missing"
            elif lengths.get(path, here[path]) not in (None, here[path]):
                yield f"{path} has {here[path]} bytes, not {lengths[path]}"


def orphans(dataset: lance.LanceDataset) -> list[str]:
    """Return the files below the folder of a table that no version of it names, sorted.

    The caller holds the writer lock: a commit that is going on has files that nothing names yet.
    """
    named = set(dataset.tracked_files().read_all().column("path").to_pylist())
    stems = {path.removesuffix(".lance") for path in named if path.startswith("data/")}
    found = []
    for path in _sizes(dataset):
        beside = path.endswith(".blob") and str(PurePosixPath(path).parent) in stems
        if path.startswith(_OURS) and path not in named and not beside:
            found.append(path)
    return sorted(found)


def _tracked(dataset: lance.LanceDataset, version: int) -> set[str]:
    rows = dataset.tracked_files().read_all()
    told = zip(*(rows.column(name).to_pylist() for name in ("version", "type", "path")), strict=True)
    return {path for at, kind, path in told if at == version and kind != "transaction file"}


def _sizes(dataset: lance.LanceDataset) -> dict[str, int]:
    folder = Path(dataset.uri)
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
