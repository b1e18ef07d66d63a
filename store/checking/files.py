"""The files of a table: each that a version needs is there, at its length, and no others are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import lance

_OURS = ("data/", "_deletions/", "_indices/")
"""Where a writer that was killed leaves files; what else Lance keeps is small, and it looks after it itself."""


def broken_files(dataset: lance.LanceDataset) -> Iterator[str]:
    """Yield a sentence for each file of a version of a table that is missing or not of the length it had."""
    folder = Path(dataset.uri)
    lengths = {
        f"data/{file.path}": file.file_size_bytes
        for fragment in dataset.get_fragments()
        for file in fragment.data_files()
    }
    for path in sorted(_tracked(dataset)):
        here = (folder / path).stat().st_size if (folder / path).is_file() else None
        if here is None:
            yield f"{path} is missing"
        elif lengths.get(path, here) not in (None, here):
            yield f"{path} has {here} bytes, not {lengths[path]}"


def orphans(dataset: lance.LanceDataset) -> list[str]:
    """Return the files below the folder of a table that no version of it names, sorted.

    The caller holds the writer lock: a commit that is going on has files that nothing names yet.
    """
    named = set(dataset.tracked_files().read_all().column("path").to_pylist())
    stems = {path.removesuffix(".lance") for path in named if path.startswith("data/")}
    found = []
    folder = Path(dataset.uri)
    for path in (str(at.relative_to(folder)) for at in folder.rglob("*") if at.is_file()):
        beside = path.endswith(".blob") and str(PurePosixPath(path).parent) in stems
        if path.startswith(_OURS) and path not in named and not beside:
            found.append(path)
    return sorted(found)


def _tracked(dataset: lance.LanceDataset) -> set[str]:
    rows = dataset.tracked_files().read_all()
    told = zip(*(rows.column(name).to_pylist() for name in ("version", "type", "path")), strict=True)
    return {path for at, kind, path in told if at == dataset.version and kind != "transaction file"}
