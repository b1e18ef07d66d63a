"""Loose fragments: rows that workers write side by side, and one process makes part of a table.

A worker writes into a tray, a folder beside the tables, and then a receipt of what it wrote. So nobody who commits to
the table sees files that are being written, and what is on the tray is what is finished: where the process that would
have taken it in was killed, the next one finds the receipts, and does none of it again. Taking in is a rename, and an
append of Lance's: no row is read.

The tray begins with a copy of the table's newest manifest. Lance takes from it the numbers of the columns and the
version of the storage, so that what is written there fits the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile, rmtree
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa

from ..errors import Damaged, StorageError
from ..schemas.read_json import read_json
from .doubles import drop_doubles
from .durable import is_whole, sync_all
from .files import private_folder, storage_errors, write_atomic
from .lock import writer_lock
from .tables import Tables

if TYPE_CHECKING:
    import lance

FOLDER = "loose"
_RECEIPT = ".receipt"
_VERSIONS, _DATA = "_versions", "data"


@dataclass(frozen=True)
class Receipt:
    """What a worker finished: the clips whose rows it wrote, the fragments as Lance describes them (JSON), and what
    else there is to tell of the shard.
    """

    name: str
    clip_ids: list[str]
    fragments: list[str]
    told: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tray:
    """Where the loose fragments of a table of the store at `folder` lie. Pickles to names: workers write to it."""

    folder: Path
    table: str

    @property
    def path(self) -> Path:
        """The folder of the tray."""
        return self.folder / FOLDER / f"{self.table}.lance"

    def write(self, batches: Iterable[pa.Table], told: dict[str, Any]) -> Receipt:
        """Write rows, durably, then the receipt; return that. Nothing but it says that there are any.

        told: may be filled while the batches are made. Raises StorageError where the store is not what the worker's
        node has under its path, or the disk is full.
        """
        from lance.fragment import write_fragments

        if not (self.path / _VERSIONS).is_dir():
            raise StorageError(
                f"{self.path} is not there for a worker: every node must see the store under the same path, on a file "
                "system that they share"
            )
        clip_ids, fragments = list[str](), list[str]()
        with storage_errors(self.path):
            for rows in batches:
                clip_ids += rows.column("clip_id").unique().to_pylist()
                written = write_fragments(rows, str(self.path), mode="append")
                fragments += [json.dumps(fragment.to_json()) for fragment in written]
            receipt = Receipt(f"{uuid4().hex}{_RECEIPT}", clip_ids, fragments, told)
            if not self.holds(receipt):
                raise StorageError(f"{self.path} was not written whole; check the disk and run again")
            paths = [path for fragment in fragments for path in _files(self.path, fragment)]
            sync_all([*paths, *{path.parent for path in paths}])
        write_atomic(self.path / receipt.name, json.dumps(vars(receipt)).encode())
        return receipt

    def receipts(self) -> Iterator[Receipt]:
        """Yield what workers finished and nobody took in; passes over what is no receipt, or names what is gone."""
        for path in sorted(self.path.glob(f"*{_RECEIPT}")):
            with suppress(ValueError, TypeError, KeyError):
                receipt = Receipt(**read_json(path.read_text()) | {"name": path.name})
                if self.holds(receipt):
                    yield receipt

    def holds(self, receipt: Receipt) -> bool:
        """Return whether all that a receipt names lies here, whole."""
        paths = [path for fragment in receipt.fragments for path in _files(self.path, fragment)]
        return all(path.is_file() and is_whole(path) for path in paths)

    def discard(self, receipt: Receipt) -> None:
        """Remove what a receipt names, and itself last."""
        with storage_errors(self.path):
            for fragment in receipt.fragments:
                for path in _files(self.path, fragment):
                    path.unlink(missing_ok=True)
            (self.path / receipt.name).unlink(missing_ok=True)

    def take_in(self, tables: Tables, receipt: Receipt, seen: int) -> None:
        """Make the fragments of a receipt part of the table, as one commit; the caller holds the writer lock.

        seen: the version of the table at which the caller knows that it holds none of the clips. Raises Damaged where
        what a worker wrote is not there.
        """
        from lance import FragmentMetadata, LanceDataset, LanceOperation

        if not self.holds(receipt):
            raise Damaged(f"{self.path} does not hold what a worker wrote; remove the folder and run again")
        moves = [
            (path, tables.folder / f"{self.table}.lance" / path.relative_to(self.path))
            for fragment in receipt.fragments
            for path in _files(self.path, fragment)
        ]

        def append(dataset: lance.LanceDataset) -> int:
            for source, target in moves:
                private_folder(target.parent)
                if source.exists():  # else this is another try
                    source.replace(target)
            fragments = [FragmentMetadata.from_json(fragment) for fragment in receipt.fragments]
            operation = LanceOperation.Append(fragments)
            return int(LanceDataset.commit(dataset.uri, operation, read_version=dataset.version).version)

        version = tables.change(self.table, append)
        if version != seen + 1:
            drop_doubles(tables, self.table, pa.chunked_array([pa.array(receipt.clip_ids)]), seen, version)
        self.discard(receipt)


@contextmanager
def tray_of(tables: Tables, table: str) -> Iterator[Tray]:
    """Give the tray of a table for the length of the block: to this process alone, and gone with all on it afterwards.

    Where the block raises, what workers finished stays for the next one. Raises StoreLocked where another has it.
    """
    tray = Tray(tables.folder, table)
    private_folder(tray.path)
    with writer_lock(tray.path.parent, 0.0):
        _begin(tables, tray)
        yield tray
        rmtree(tray.path, ignore_errors=True)  # a worker that was lost may write to it still


def _begin(tables: Tables, tray: Tray) -> None:
    """Put the newest manifest on the tray in the place of others, and remove what no receipt names."""
    newest = min(_manifests(tables.folder / f"{tray.table}.lance"), key=lambda path: path.name)
    with storage_errors(tray.path):
        versions = private_folder(tray.path / _VERSIONS)
        if not (versions / newest.name).exists():
            for path in _manifests(tray.path):
                path.unlink()
            copyfile(newest, versions / newest.name)
        kept = {tray.path / receipt.name: receipt for receipt in tray.receipts()}
        named = {path for receipt in kept.values() for one in receipt.fragments for path in _files(tray.path, one)}
        for path in [*tray.path.glob(f"*{_RECEIPT}"), *(tray.path / _DATA).rglob("*")]:
            if path.is_file() and path not in named and path not in kept:
                path.unlink(missing_ok=True)


def _manifests(table: Path) -> list[Path]:
    return list((table / _VERSIONS).glob("*.manifest"))


def _files(table: Path, fragment: str) -> list[Path]:
    """Return the files of a fragment: of rows, and of the blobs of each in a folder of its name."""
    found = []
    for file in read_json(fragment)["files"]:
        path = table / _DATA / Path(file["path"]).name
        found += [path, *sorted(path.with_suffix("").glob("*"))]
    return found
