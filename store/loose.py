"""Loose fragments: rows that workers write side by side, and one process makes part of a table.

A worker writes into a tray, a folder beside the tables, and then a receipt of what it wrote. So nobody who commits to
the table sees files that are being written, and what is on the tray is what is finished: where the process that would
have taken it in was killed, the next one finds the receipts, and does none of it again. Taking in is a rename, and an
append of Lance's: no row is read. On object storage, which has no rename, the server copies what was written.

The tray begins with a copy of the table's newest manifest. Lance takes from it the numbers of the columns and the
version of the storage, so that what is written there fits the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pyarrow as pa

from ..errors import Damaged, StorageError
from ..schemas.read_json import read_json
from .doubles import drop_doubles
from .durable import is_whole, sync_all
from .files import private_folder, remove, storage_errors, write_atomic
from .lock import writer_lock
from .remote.address import is_uri
from .remote.mirror import fetched, listed
from .remote.moving import copy, move, present, take_away
from .remote.tables import SUFFIX, files_below, folder_of, options_of
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
    """Where the loose fragments of a table of the store at `place`, a folder or a URI, lie. Pickles to names: workers
    write to it.
    """

    place: str
    table: str

    @property
    def folder(self) -> Path:
        """The folder of the store, or its mirror."""
        return folder_of(self.place)

    @property
    def path(self) -> Path:
        """The folder of the rows."""
        return self.folder / FOLDER / f"{self.table}{SUFFIX}"

    @property
    def notes(self) -> Path:
        """The folder of the receipts."""
        return self.folder / FOLDER / self.table

    @property
    def uri(self) -> str:
        """The folder of the rows as Lance finds it."""
        return f"{self.place}/{FOLDER}/{self.table}{SUFFIX}"

    def write(self, batches: Iterable[pa.Table], told: dict[str, Any]) -> Receipt:
        """Write rows, durably, then the receipt; return that. Nothing but it says that there are any.

        told: may be filled while the batches are made. Raises StorageError where the store is not what the worker's
        node has under its path, or the disk is full.
        """
        from lance.fragment import write_fragments

        if not present(self.path / _VERSIONS):
            raise StorageError(
                f"{self.uri} is not there for a worker: every node must see the store under the same path, on a file "
                "system that they share"
            )
        clip_ids, fragments = list[str](), list[str]()
        with storage_errors(self.path):
            for rows in batches:
                clip_ids += rows.column("clip_id").unique().to_pylist()
                written = write_fragments(rows, self.uri, mode="append", storage_options=options_of(self.place))
                fragments += [json.dumps(fragment.to_json()) for fragment in written]
            receipt = Receipt(f"{uuid4().hex}{_RECEIPT}", clip_ids, fragments, told)
            if not self.holds(receipt):
                raise StorageError(f"{self.path} was not written whole; check the disk and run again")
            if not is_uri(self.place):
                paths = self.files(receipt)
                sync_all([*paths, *{path.parent for path in paths}])
        write_atomic(self.notes / receipt.name, json.dumps(vars(receipt)).encode())
        return receipt

    def receipts(self) -> Iterator[Receipt]:
        """Yield what workers finished and nobody took in; passes over what is no receipt, or names what is gone."""
        for path in sorted(fetched(self.notes).glob(f"*{_RECEIPT}")):
            with suppress(ValueError, TypeError, KeyError):
                receipt = Receipt(**read_json(path.read_text()) | {"name": path.name})
                if self.holds(receipt):
                    yield receipt

    def holds(self, receipt: Receipt) -> bool:
        """Return whether all that a receipt names lies here, whole."""
        paths = self.files(receipt)
        if is_uri(self.place):  # what the server took, it took whole
            return all(present(path) for path in paths)
        return all(path.is_file() and is_whole(path) for path in paths)

    def discard(self, receipt: Receipt) -> None:
        """Remove what a receipt names, and itself last."""
        for path in self.files(receipt):
            take_away(path)
        remove(self.notes / receipt.name)

    def take_in(self, tables: Tables, receipt: Receipt, seen: int) -> None:
        """Make the fragments of a receipt part of the table, as one commit; the caller holds the writer lock.

        seen: the version of the table at which the caller knows that it holds none of the clips. Raises Damaged where
        what a worker wrote is not there.
        """
        from lance import FragmentMetadata, LanceDataset, LanceOperation

        if not self.holds(receipt):
            raise Damaged(f"{self.path} does not hold what a worker wrote; remove the folder and run again")
        table = tables.folder / f"{self.table}{SUFFIX}"
        paths, options = self.files(receipt), options_of(self.place) or None

        def append(dataset: lance.LanceDataset) -> int:
            for path in paths:
                if present(path):  # else this is another try
                    move(path, table / path.relative_to(self.path))
            operation = LanceOperation.Append([FragmentMetadata.from_json(one) for one in receipt.fragments])
            made = LanceDataset.commit(dataset.uri, operation, read_version=dataset.version, storage_options=options)
            return int(made.version)

        version = tables.change(self.table, append)
        if version != seen + 1:
            drop_doubles(tables, self.table, pa.chunked_array([pa.array(receipt.clip_ids)]), seen, version)
        self.discard(receipt)

    def files(self, receipt: Receipt) -> list[Path]:
        """Return the files of the fragments: of rows, and of the blobs of each in a folder of its name."""
        found = []
        for fragment in receipt.fragments:
            for file in read_json(fragment)["files"]:
                path = self.path / _DATA / Path(file["path"]).name
                found += [path, *listed(path.with_suffix(""))]
        return found


@contextmanager
def tray_of(tables: Tables, table: str) -> Iterator[Tray]:
    """Give the tray of a table for the length of the block: to this process alone, and gone with all on it afterwards.

    Where the block raises, what workers finished stays for the next one. Raises StoreLocked where another has it.
    """
    tray = Tray(tables.place, table)
    private_folder(tray.path)
    private_folder(tray.notes)
    with writer_lock(tray.path.parent, 0.0):
        _begin(tables, tray)
        yield tray
        for folder in (tray.path, tray.notes):
            with suppress(StorageError):  # a worker that was lost may write to it still
                take_away(folder)


def _begin(tables: Tables, tray: Tray) -> None:
    """Put the newest manifest on the tray in the place of others, and remove what no receipt names."""
    newest = min(_manifests(tables.folder / f"{tray.table}{SUFFIX}"), key=lambda path: path.name)
    with storage_errors(tray.path):
        versions = private_folder(tray.path / _VERSIONS)
        if not present(versions / newest.name):
            for path in _manifests(tray.path):
                take_away(path)
            copy(newest, versions / newest.name)
        kept = {receipt.name: receipt for receipt in tray.receipts()}
        named = {path for receipt in kept.values() for path in tray.files(receipt)}
        for path in (tray.path / name for name in files_below(tray.uri) if name.startswith(f"{_DATA}/")):
            if path not in named:
                take_away(path)
        for path in listed(tray.notes):
            if path.name not in kept:
                remove(path)


def _manifests(table: Path) -> list[Path]:
    return [path for path in listed(table / _VERSIONS) if path.suffix == ".manifest"]
