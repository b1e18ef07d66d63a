"""The shelf: the index files of a space, under indexes/<space>/.

NAME.json is the manifest and names two files beside it: NAME-<mark>.faiss, the FAISS index, and NAME-<mark>.arrow,
which row is which clip. A build writes two new files, then the manifest; so what a manifest names always belongs
together, and a reader that has the old files open keeps them until it lets go.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from ...errors import NotFound, Stale, StorageError
from ...schemas.manifest import IndexManifest, Seal
from ...store.files import private_folder, remove, storage_errors, write_atomic
from ...store.lock import writer_lock
from ...store.remote.mirror import fetched, listed
from .sealed import Sealed, seal

UNSEALED = Seal(0, 0, ())


class Shelf:
    """The indexes of one space in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the names of all indexes, readable or not."""
        return sorted(path.stem for path in fetched(self.folder, "*.json").glob("*.json"))

    def state(self) -> tuple[tuple[str, int, int], ...]:
        """Return what changes whenever an index is written or dropped: name, inode and time of each manifest."""
        found = []
        for name in self.names():
            try:
                status = self.path(name).stat()
            except FileNotFoundError:  # dropped just now
                continue
            found.append((name, status.st_ino, status.st_mtime_ns))
        return tuple(found)

    def path(self, name: str) -> Path:
        """Return where the manifest of index `name` is, or would be."""
        return self.folder / f"{name}.json"

    def manifest(self, name: str) -> IndexManifest:
        """Return a manifest. Raises FileNotFoundError where there is none, Stale where it is damaged."""
        path = self.path(name)
        try:
            return IndexManifest.from_json(path.read_text(), str(path))
        except FileNotFoundError:
            raise
        except (UnicodeDecodeError, OSError) as error:
            raise Stale(f"{path} is not what was written") from error

    def manifests(self) -> list[IndexManifest]:
        """Return the manifests that can be read, the last built first."""
        found = []
        for name in self.names():
            try:
                found.append(self.manifest(name))
            except (FileNotFoundError, Stale):  # dropped just now, or damaged: no index, until it is built again
                continue
        return sorted(found, key=lambda manifest: manifest.built_at, reverse=True)

    def open(self, manifest: IndexManifest) -> tuple[Sealed, Sealed]:
        """Return the files of an index, nothing of them checked yet. Raises FileNotFoundError, Stale."""
        return (
            Sealed(fetched(self.folder / manifest.index_file), manifest.index_seal),
            Sealed(fetched(self.folder / manifest.ids_file), manifest.ids_seal),
        )

    def put(
        self,
        manifest: IndexManifest,
        write_index: Callable[[Path], None],
        ids: pa.Table,
        lists_at: Callable[[Path], int],
    ) -> IndexManifest:
        """Write an index and its ids, seal them, then let the manifest name them; return it as it was written.

        lists_at: tells of the file written where its inverted lists begin. Raises StorageError; what was there before
        stays then.
        """
        private_folder(self.folder)
        mark = uuid.uuid4().hex[:8]
        index_path = self.folder / f"{manifest.name}-{mark}.faiss"
        ids_path = self.folder / f"{manifest.name}-{mark}.arrow"
        with writer_lock(self.folder):
            try:
                write_atomic(index_path, write_index)
                write_atomic(ids_path, lambda path: _write_arrow(path, ids))
                with storage_errors(self.folder):
                    written = replace(
                        manifest,
                        index_file=index_path.name,
                        ids_file=ids_path.name,
                        index_seal=seal(index_path),
                        ids_seal=seal(ids_path),
                        lists_at=lists_at(index_path),
                    )
                write_atomic(self.path(manifest.name), written.to_json().encode())
            except BaseException:
                for path in (index_path, ids_path):
                    with suppress(StorageError):
                        remove(path)
                raise
            self._sweep(manifest.name, mark)
        return written

    def drop(self, name: str) -> None:
        """Remove an index. Raises NotFound."""
        if name not in self.names():
            known = ", ".join(self.names()) or "none"
            raise NotFound(f"index {name[:80]!r} does not exist in {self.folder} (there is: {known})")
        with writer_lock(self.folder), storage_errors(self.folder):
            remove(self.path(name))
            self._sweep(name, None)

    def _sweep(self, name: str, mark: str | None) -> None:
        """Remove the files of other builds of index `name`."""
        for path in listed(self.folder):
            stem, _, other = path.stem.rpartition("-")
            if stem == name and path.suffix in (".faiss", ".arrow") and other != mark:
                remove(path)


def read_arrow(sealed: Sealed) -> pa.Table:
    """Return the ids of an index, mapped, checking all of the file first. Raises Stale."""
    sealed.check()
    with pa.ipc.open_file(pa.py_buffer(sealed.content)) as reader:
        return reader.read_all()


def _write_arrow(path: Path, table: pa.Table) -> None:
    options: dict[str, Any] = {"max_chunksize": max(1, len(table))}
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, **options)
