"""LanceDB, and nothing else: tables by name, made with stable row ids, declared keys and storage version 2.2.

Written through lancedb alone, read through pylance scans of the same files: reading never imports lancedb, which takes
a second. A table is opened anew for every operation: a kept handle would not see what another process committed since.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from ..errors import Damaged, NotFound, Stale, StorageError
from .doubles import drop_doubles
from .durable import durable
from .failures import UNREADABLE, failed_open, failed_read
from .files import storage_errors
from .presence import Presence
from .remote.address import is_uri
from .remote.tables import (
    SUFFIX,
    committed_at,
    dataset_at,
    drop_at,
    folder_of,
    has_versions,
    options_of,
    place_of,
    tables_at,
)
from .retrying import committed
from .seals import Seals

if TYPE_CHECKING:
    import lance
    import lancedb

T = TypeVar("T")

_CREATE_OPTIONS = {"new_table_enable_stable_row_ids": "true", "new_table_data_storage_version": "2.2"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_BATCH_ROWS = 8192
_READ_AHEAD: dict[str, Any] = {"batch_readahead": 1, "fragment_readahead": 1, "io_buffer_size": 16 << 20}
"""Little: the defaults hold 400 MB of vectors in flight, and take three times as long on a local disk."""
KEY_INDEX_ROWS = 50_000
"""How many rows of a table may be without the key index: looking through them all takes 3 ms."""
NO_VERSION = 0
"""The first version of a table is 1."""
_INDEX_CACHE_BYTES = 256 << 20
_METADATA_CACHE_BYTES = 128 << 20
_WRITERS_CACHE_BYTES = 4 << 20
"""Of what lancedb caches of manifests, by default up to 1 GB: a writer needs none but the newest."""


class Tables:
    """The tables of the store at a folder or URI. Holds caches, handles on versions alone, and that it has the store
    open.

    place: where they are. folder: where the files beside them are, the same or the mirror of a URI. Pickles to `place`.
    """

    def __init__(self, place: str | Path) -> None:
        self.folder = folder_of(place)
        self.place = place_of(self.folder)
        self.presence = Presence(self.folder)
        self._seals = Seals(self.folder)
        self._pinned: dict[tuple[str, int], lance.LanceDataset] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Tables, (self.place,)

    @cached_property
    def _database(self) -> lancedb.DBConnection:
        import lancedb

        session = lancedb.Session(_INDEX_CACHE_BYTES, _WRITERS_CACHE_BYTES)
        return lancedb.connect(self.place, session=session, storage_options=options_of(self.place) or None)

    @cached_property
    def _session(self) -> Any:
        """What pylance caches of tables: manifests, file footers and index pages. Makes opening a table again cheap."""
        from lance import Session  # type: ignore[attr-defined]  # public, but left out of its __all__

        return Session(_INDEX_CACHE_BYTES, _METADATA_CACHE_BYTES)

    def names(self) -> list[str]:
        """Return the names of all tables, sorted. A folder without a version was never committed and is no table."""
        with storage_errors(self.folder):
            return [name for name in committed_at(self.place) if _NAME.fullmatch(name)]

    def exists(self, name: str) -> bool:
        """Return whether there is a table `name`."""
        return has_versions(self.place, self._path(name).stem)

    def is_begun(self, name: str) -> bool:
        """Return whether there is anything of a table `name`, committed to or not."""
        return self._path(name).stem in tables_at(self.place)

    def create(self, name: str, schema: pa.Schema) -> None:
        """Make the empty table `name`, unless it is there already."""
        if self.exists(name):
            return
        self._seals.forget(name)  # of a table of that name whose folder somebody removed

        def make() -> None:
            options = _CREATE_OPTIONS | options_of(self.place)
            self._database.create_table(name, schema=schema, exist_ok=True, storage_options=options)

        self._commit(name, make)

    def drop(self, name: str) -> None:
        """Remove the table `name` with all its versions, if it is there."""
        if self.exists(name):
            self._seals.forget(name)
            drop_at(self.place, self._path(name).stem)

    def version(self, name: str) -> int:
        """Return the latest version of table `name`."""
        return int(self._dataset(name).version)

    def has_version(self, name: str, version: int) -> bool:
        """Return whether `version` of table `name` can still be read: cleanup takes those that no tag holds."""
        try:
            self._dataset(name, version)
        except (Damaged, NotFound, Stale):
            return False
        return True

    def schema(self, name: str) -> pa.Schema:
        """Return the schema of table `name`, with its metadata."""
        return self._dataset(name).schema

    def append(self, name: str, rows: pa.Table, *, seen: int | None = None) -> int:
        """Append rows as one commit; return its version. The caller holds the lock and knows that the keys are new.

        seen: at which version it knows that of clip ids. Clips that somebody without the lock has added since then are
        taken out again.
        """
        version = self._commit(name, lambda: int(self._database.open_table(name).add(rows).version))
        if seen is not None and version != seen + 1:
            drop_doubles(self, name, rows.column("clip_id"), seen, version)
        return version

    def overwrite(self, name: str, rows: pa.Table) -> None:
        """Put `rows`, and their columns, in the place of all that table `name` has, as one commit."""

        def write() -> None:
            options = _CREATE_OPTIONS | options_of(self.place)
            self._database.create_table(name, rows, mode="overwrite", storage_options=options)

        self._commit(name, write)

    def upsert(self, name: str, keys: Sequence[str], rows: pa.Table) -> None:
        """Insert rows, replacing those with the same keys, as one commit."""

        def merge() -> None:
            table = self._database.open_table(name)
            table.merge_insert(list(keys)).when_matched_update_all().when_not_matched_insert_all().execute(rows)

        self._commit(name, merge)

    def delete(self, name: str, where: str) -> None:
        """Delete the rows that `where` (built by store/where.py) selects."""
        self._commit(name, lambda: self._database.open_table(name).delete(where))

    def scan(
        self,
        name: str,
        columns: Sequence[str],
        *,
        where: str | None = None,
        version: int | None = None,
        row_ids: bool = False,
    ) -> pa.Table:
        """Return the rows of a version of table `name` (None: the latest) that `where` selects, in scan order."""
        batches = list(self.batches(name, columns, where=where, version=version, row_ids=row_ids))
        if batches:
            return pa.Table.from_batches(batches)
        fields = [self.schema(name).field(column) for column in columns]
        return pa.schema(fields + ([pa.field("_rowid", pa.uint64())] if row_ids else [])).empty_table()

    def batches(
        self,
        name: str,
        columns: Sequence[str],
        *,
        where: str | None = None,
        version: int | None = None,
        row_ids: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the same rows as `scan`, batch by batch."""
        dataset = self._dataset(name, version)
        try:
            yield from dataset.to_batches(
                columns=list(columns),
                filter=where,
                batch_size=_BATCH_ROWS,
                with_row_id=row_ids,
                scan_in_order=True,
                **_READ_AHEAD,
            )
        except UNREADABLE as error:
            raise failed_read(self, name, dataset.version, where, error) from error

    def blob_ranges(
        self, name: str, column: str, ranges: Sequence[tuple[int, int, int]], *, version: int
    ) -> list[bytes]:
        """Return the bytes of each (row id, first byte, number of bytes) of a blob column, in that order.

        They are read together, from a handle on the version that is kept: nothing in it can change. Raises Damaged.
        """
        dataset = self._pinned.get((name, version))
        if dataset is None:
            dataset = self._pinned[name, version] = self._dataset(name, version)
        try:
            found = dataset.read_blob_ranges(column, ranges, selector="ids", preserve_order=True)
        except UNREADABLE as error:
            raise failed_read(self, name, version, None, error) from error
        return [data or b"" for _, _, data in found]

    def count(self, name: str, version: int | None = None, *, where: str | None = None) -> int:
        """Return how many rows a version of table `name` has (None: the latest) that `where`, of store/where.py,
        selects.
        """
        dataset = self._dataset(name, version)
        try:
            return int(dataset.count_rows(where))
        except UNREADABLE as error:
            raise failed_read(self, name, dataset.version, where, error) from error

    def tag(self, name: str, tag: str, version: int) -> None:
        """Protect a version of table `name` from cleanup for as long as `tag` exists; replaces a tag of the same
        name.
        """
        self.untag(name, tag)
        with durable(self._path(name)):
            tags = self._database.open_table(name).tags
            try:
                tags.create(tag, version)
            except RuntimeError:  # it may be made: an answer was lost, and the library asked again
                if tag not in tags.list() or tags.get_version(tag) != version:
                    raise

    def untag(self, name: str, tag: str) -> None:
        """Remove `tag` from table `name`, if both are there."""
        if self.exists(name):
            with storage_errors(self._path(name)):
                tags = self._database.open_table(name).tags
                if tag in tags.list():
                    tags.delete(tag)

    def change(self, name: str, change: Callable[[lance.LanceDataset], T]) -> T:
        """Return what `change` does, which commits to the newest version as pylance opens it; the caller holds the
        lock.
        """
        return self._commit(name, lambda: change(self._dataset(name)))

    def rewrite(self, name: str, fragments: Collection[int]) -> None:
        """Write those fragments of table `name`, neighbours, anew as one, without removed rows; the caller holds the
        lock.
        """

        def join(dataset: lance.LanceDataset) -> None:
            others = [found.fragment_id for found in dataset.get_fragments() if found.fragment_id not in fragments]
            dataset.optimize.compact_files(excluded_fragment_ids=others, materialize_deletions_threshold=0.0)

        self.change(name, join)

    def clean(self, name: str, versions: Sequence[int], *, orphans: bool) -> None:
        """Take away those versions of table `name` that no tag holds, with the files of them alone; the caller holds
        the lock.

        orphans: also the files that no version names, of writers that were killed.
        """
        if versions or orphans:
            with storage_errors(self._path(name)):
                self._dataset(name).cleanup_old_versions(
                    versions=list(versions) or [NO_VERSION],
                    delete_unverified=orphans,
                    error_if_tagged_old_versions=False,
                )
            self.seal(name)

    def index_keys(self, name: str) -> None:
        """Make the index on `clip_id` of table `name` once it lacks KEY_INDEX_ROWS rows; the caller holds the lock.

        It is made anew, at 0.4 s a million rows: lancedb passes over an index that pylance brought up to date.
        """
        dataset = self._dataset(name)
        indexed = sum(index.num_rows_indexed for index in dataset.describe_indices())
        if dataset.count_rows() - indexed >= KEY_INDEX_ROWS:
            from lancedb.index import BTree

            self._commit(
                name,
                lambda: self._database.open_table(name).create_index("clip_id", config=BTree(), replace=True),
            )

    def seal(self, name: str) -> None:
        """Seal what was committed, which stands in any case: where that cannot be done, the next writer does it."""
        with suppress(StorageError):
            self._seals.seal(name)

    def opened(self, name: str, version: int | None = None) -> lance.LanceDataset:
        """Return a version of table `name` (None: the newest) as pylance opens it, for those who look after its files.

        Raises NotFound, Damaged.
        """
        return self._dataset(name, version)

    def _commit(self, name: str, commit: Callable[[], T]) -> T:
        """Return what `commit`, of table `name`, returns; made again where another comes between, durable, sealed."""
        try:
            with durable(self._path(name)):
                done = committed(self._path(name), commit)
        except StorageError:
            for cached in ("_database", "_session"):  # of a version that was taken back
                self.__dict__.pop(cached, None)
            raise
        self.seal(name)
        return done

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):  # of a registry or a file that somebody else wrote
            raise Damaged(f"{name[:80]!r} can be no table of {self.place}; restore the store from a copy")
        return self.folder / f"{name}{SUFFIX}"

    def _dataset(self, name: str, version: int | None = None) -> lance.LanceDataset:
        remote = is_uri(self.place)
        if not remote and not self.exists(name):
            raise NotFound(f"table {name} does not exist in {self.place}")
        self.presence.show()
        try:
            return dataset_at(self.place, self._path(name).stem, version, self._session)
        except UNREADABLE as error:
            if remote and version is None and not self.exists(name):  # asked where it costs nothing to who finds it
                raise NotFound(f"table {name} does not exist in {self.place}") from None
            raise failed_open(self, name, version, error) from error
