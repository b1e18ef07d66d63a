"""The clips of a space as the page numbers them: read once for a version of its tables, then looked up in memory.

A row is the place of a clip among all usable clips that have a vector in the space, sorted by clip id. Of a million
clips a snapshot holds 72 MB: 36 of ids, 32 of the same to search in, and 4 that say where each is in the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import NotFound, UsageError
from ...schemas.clip import Status
from ...schemas.vector import Space
from ...store.keys import rows_of
from ...store.known import CLIPS_TABLE
from ...store.spaces import table_of
from ...store.tables import Tables
from ...store.where import equals

Rows = NDArray[np.int64]
Versions = tuple[int, int]

ID_BYTES = 32
"""Clip ids are so many hex digits (store/identity.py)."""
FIRST_SEGMENT = equals("segment", 0)
"""Selects one row of each clip of a space."""


@dataclass(frozen=True)
class Snapshot:
    """The clips of a space at one version of its tables.

    state: names these versions; versions: of the clips table, and of the vectors; ids: n clip ids, sorted; keys: the
    same as bytes of fixed width; places: int32[n], the place of each in a scan of the clips table.
    """

    space: Space
    state: str
    versions: Versions
    ids: pa.Array
    keys: NDArray[np.bytes_]
    places: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ids)

    def row_of(self, clip_id: str) -> int | None:
        """Return the row of a clip, None where it has none."""
        row = int(self.rows_of([clip_id])[0])
        return None if row < 0 else row

    def rows_of(self, clip_ids: Sequence[str]) -> Rows:
        """Return the rows of clips, -1 where a clip has none: int64[k]."""
        asked = np.array([name.encode(errors="replace") for name in clip_ids], dtype=np.bytes_)
        if not len(self) or asked.itemsize != ID_BYTES:  # of another width, searching would copy all keys
            return np.array([self._row(name) for name in asked.tolist()], dtype=np.int64)
        rows = np.minimum(np.searchsorted(self.keys, asked), len(self) - 1)
        return np.where(self.keys[rows] == asked, rows, -1).astype(np.int64)

    def _row(self, clip_id: bytes) -> int:
        """Return the row of one clip, whatever the length of its name."""
        return int(self.rows_of([clip_id.decode()])[0]) if len(self) and len(clip_id) == ID_BYTES else -1

    def ids_of(self, rows: Sequence[int]) -> list[str]:
        """Return the clip ids of rows. Raises UsageError for a row that does not exist."""
        wrong = next((row for row in rows if not 0 <= row < len(self)), None)
        if wrong is not None:
            raise UsageError(f"row {wrong} does not exist; space {self.space.name!r} has {len(self)} clips")
        found: list[str] = self.ids.take(pa.array(rows, pa.int64())).to_pylist()
        return found

    def column(self, tables: Tables, name: str) -> pa.ChunkedArray:
        """Return a column of the clips table, a value a row."""
        column = tables.scan(CLIPS_TABLE, [name], version=self.versions[0]).column(0)
        return column.take(pa.array(self.places))

    def clips(self, tables: Tables, columns: Sequence[str], clip_ids: Sequence[str]) -> pa.Table:
        """Return columns of few clips, in the order given. Raises NotFound for one that is not in the clips table."""
        names = list(dict.fromkeys(["clip_id", *columns]))
        found = rows_of(tables, CLIPS_TABLE, names, clip_ids, version=self.versions[0])
        order = pc.index_in(pa.array(clip_ids, pa.string()), value_set=found.column("clip_id").combine_chunks())
        if order.null_count:
            raise NotFound(f"clip {clip_ids[order.is_null().index(True).as_py()][:80]!r} is not in {tables.place}")
        return found.take(order)


def versions_of(tables: Tables, space: Space) -> Versions:
    """Return the versions of the clips table and of the vectors as they are now. Takes a fraction of a ms."""
    return tables.version(CLIPS_TABLE), tables.version(table_of(space))


def state_of(space: Space, versions: Versions) -> str:
    """Return what names a space at these versions of its tables."""
    made = hashlib.blake2b(space.identity.encode(), digest_size=4).hexdigest()  # one of its name may be made again
    return f"{versions[0]}.{versions[1]}.{made}"


def read_snapshot(tables: Tables, space: Space, versions: Versions) -> Snapshot:
    """Return the clips of a space at these versions: only ids are read, no vector."""
    held = tables.scan(table_of(space), ["clip_id"], where=FIRST_SEGMENT, version=versions[1]).column(0)
    clips = tables.scan(CLIPS_TABLE, ["clip_id", "status"], version=versions[0])
    usable = pc.and_(
        pc.fill_null(pc.not_equal(clips.column("status"), Status.BAD.value), False),
        pc.is_in(clips.column("clip_id"), value_set=held.combine_chunks()),
    )
    places = np.flatnonzero(usable.to_numpy())
    ids = clips.column("clip_id").take(pa.array(places))
    order = np.argsort(_keys(ids), kind="stable")
    ids = ids.take(pa.array(order)).combine_chunks()
    del held, clips, usable
    pa.default_memory_pool().release_unused()
    return Snapshot(space, state_of(space, versions), versions, ids, _keys(ids), places[order].astype(np.int32))


def _keys(ids: pa.Array | pa.ChunkedArray) -> NDArray[np.bytes_]:
    """Return clip ids as NumPy searches them fastest: bytes of fixed width."""
    fixed = ids.cast(pa.binary()).cast(pa.binary(ID_BYTES))
    fixed = fixed.combine_chunks() if isinstance(fixed, pa.ChunkedArray) else fixed
    if not len(fixed):
        return np.empty(0, dtype=f"S{ID_BYTES}")
    return np.frombuffer(fixed.buffers()[1], dtype=f"S{ID_BYTES}", count=len(fixed), offset=fixed.offset * ID_BYTES)
