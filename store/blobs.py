"""Tables of a blob for each clip, of which pieces are read: waveforms, frames.

A row is a clip: what describes its blob, a checksum of every block of it, `row_sum` over these, and the blob. Opening a
table checks the rows, reading a piece checks its blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import Damaged
from ..schemas.clip import PRIMARY_KEY
from .blocks import block_span, block_sums, is_right
from .keys import key_filter
from .remote.pieces import pieces_of
from .rowsum import row_sums
from .tables import Tables

_ONE_FILE_BYTES = 1 << 40
"""Blobs are packed into large files, however long a clip is: a file for each would be what the table replaces."""


@dataclass(frozen=True)
class BlobKind:
    """What such tables hold. what: the blob of a clip, as an error calls it; column: where it is; told: the columns
    that describe it, numbers; made_by: the command that makes a table again.
    """

    what: str
    column: str
    told: tuple[tuple[str, pa.DataType], ...]
    made_by: str

    @property
    def described(self) -> list[str]:
        """The columns that `row_sum` is over: all beside the blob."""
        return ["clip_id", *(name for name, _ in self.told), "block_sums"]

    def schema(self, metadata: Mapping[bytes, bytes] | None = None) -> pa.Schema:
        """Return the schema of a table."""
        from lance.blob import blob_field

        return pa.schema(
            [
                pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY),
                *(pa.field(name, of) for name, of in self.told),
                pa.field("block_sums", pa.binary()),
                pa.field("row_sum", pa.binary(16)),
                blob_field(self.column, inline_size_threshold=0, dedicated_size_threshold=_ONE_FILE_BYTES),
            ],
            metadata=metadata,
        )

    def rows(self, new: Mapping[str, tuple[bytes, tuple[float, ...]]]) -> pa.Table:
        """Return rows of a table for clip id -> (blob, what is told of it, in the order of `told`)."""
        from lance.blob import blob_array

        columns = {"clip_id": pa.array(list(new), pa.string())}
        for place, (name, of) in enumerate(self.told):
            columns[name] = pa.array([told[place] for _, told in new.values()], of)
        columns["block_sums"] = pa.array([block_sums(clip_id, blob) for clip_id, (blob, _) in new.items()], pa.binary())
        columns["row_sum"] = row_sums(pa.table(columns))
        columns[self.column] = blob_array([blob for blob, _ in new.values()])
        schema = self.schema()
        return pa.table([columns[name] for name in schema.names], schema=schema)


@dataclass(frozen=True)
class Blobs:
    """The blobs of n clips in one version of a table. Pickles to plain data; a process that reads opens the table.

    clip_ids: n strings; row_ids: int64[n], -1 for a clip that the table does not hold; told: by name what describes
    them, n numbers each, 0 for such a clip; sums: n times the checksums of its blocks.
    """

    tables: Tables
    table: str
    version: int
    kind: BlobKind
    clip_ids: Sequence[str]
    row_ids: NDArray[np.int64]
    told: Mapping[str, NDArray[Any]]
    sums: Sequence[bytes]

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which of the clips the table holds: bool[n]."""
        return self.row_ids >= 0

    def take(self, rows: NDArray[np.integer[Any]]) -> Blobs:
        """Return the clips at `rows`, in that order."""
        return replace(
            self,
            clip_ids=[self.clip_ids[row] for row in rows],
            row_ids=self.row_ids[rows],
            told={name: values[rows] for name, values in self.told.items()},
            sums=[self.sums[row] for row in rows],
        )

    def pieces(self, wanted: Sequence[tuple[int, int, int, int]]) -> Iterator[memoryview]:
        """Yield the bytes of each (row, first byte, last byte, size of the whole blob); all clips must be held.

        All are fetched together, and no more of each blob than the blocks that the piece lies in. Of a store that is
        not local, what this machine has read before comes from its disk. Raises Damaged where one is not what was
        written.
        """
        rows = [row for row, *_ in wanted]
        spans = [block_span(start, stop, size) for _, start, stop, size in wanted]
        blobs = self._blocks(rows, spans)
        for (_, start, stop, _), (first, _), blob in zip(wanted, spans, blobs, strict=True):
            yield memoryview(blob)[start - first : stop - first]

    def _blocks(self, rows: Sequence[int], spans: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """Yield whole blocks, of each row those from a first byte on, so many bytes."""
        here = pieces_of(self.tables.place, self.table)
        if here is None:
            yield from self._fetched(rows, spans)
            return
        known = [here.read(self.clip_ids[row], *span, self.sums[row]) for row, span in zip(rows, spans, strict=True)]
        missing = [at for at, blocks in enumerate(known) if blocks is None]
        fetched = self._fetched([rows[at] for at in missing], [spans[at] for at in missing])
        for row, (first, _), blocks in zip(rows, spans, known, strict=True):
            if blocks is None:
                blocks = next(fetched)
                here.keep(self.clip_ids[row], first, blocks, self.sums[row])
            yield blocks

    def _fetched(self, rows: Sequence[int], spans: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """Yield the same from the table, all fetched together. Raises Damaged."""
        asked = [(int(self.row_ids[row]), *span) for row, span in zip(rows, spans, strict=True)]
        blobs = self.tables.blob_ranges(self.table, self.kind.column, asked, version=self.version) if asked else []
        for row, (first, _), blob in zip(rows, spans, blobs, strict=True):
            if not is_right(self.clip_ids[row], blob, first, self.sums[row]):
                raise self._damaged(self.clip_ids[row])
            yield blob

    def _damaged(self, clip_id: str) -> Damaged:
        return _damaged(self.tables, self.table, self.kind, clip_id)


def open_blobs(tables: Tables, table: str, kind: BlobKind, clip_ids: Sequence[str]) -> Blobs | None:
    """Return where the blobs of `clip_ids` lie in a table; None where there is no such table.

    Raises Damaged, naming the clip, where the row of one is not what was written.
    """
    if not tables.exists(table):
        return None
    version = tables.version(table)
    wanted = pa.array(clip_ids, pa.string())
    where = key_filter(tables, table, wanted, version)
    found = tables.scan(table, [*kind.described, "row_sum"], where=where, version=version, row_ids=True)
    found = found.filter(pc.is_in(found.column("clip_id"), value_set=wanted))
    _check(tables, table, kind, found)
    here = found.take(pc.index_in(wanted, value_set=found.column("clip_id").combine_chunks()))
    return Blobs(
        tables,
        table,
        version,
        kind,
        list(clip_ids),
        here.column("_rowid").cast(pa.int64()).fill_null(-1).to_numpy(),
        {name: here.column(name).fill_null(0).to_numpy() for name, _ in kind.told},
        here.column("block_sums").fill_null(b"").to_pylist(),
    )


def _check(tables: Tables, table: str, kind: BlobKind, found: pa.Table) -> None:
    """Raise Damaged where a row is not what its `row_sum` says."""
    right = pc.equal(row_sums(found.select(kind.described)), found.column("row_sum").combine_chunks())
    wrong = found.column("clip_id").filter(pc.invert(right.fill_null(False)))
    if len(wrong):
        raise _damaged(tables, table, kind, wrong[0].as_py())


def _damaged(tables: Tables, table: str, kind: BlobKind, clip_id: str) -> Damaged:
    return Damaged(
        f"the {kind.what} of clip {clip_id[:80]} in {table} is not what was written: remove the folder "
        f"{tables.place}/{table}.lance and run {kind.made_by} again"
    )
