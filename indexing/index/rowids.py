"""Which row of an index is which clip, or which segment of a clip."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...schemas.vector import Float32

Rows = NDArray[np.int64]


class RowIds:
    """n rows: a base whose clip ids are sorted, and a tail of clips that were embedded after the index was built.

    table: columns clip_id (strings, or a dictionary of them) and, for an index of segments, segment (int32) and
    start_s (float32).
    """

    def __init__(self, table: pa.Table, base: int) -> None:
        self._table = table
        self._base = base
        self.owners: pa.ChunkedArray = table.column("clip_id")
        """The clip id of each row."""

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, row: int) -> str:
        return str(self.owners[row].as_py())

    def take(self, rows: Rows | Sequence[int]) -> list[str]:
        """Return the clip ids of rows, in their order."""
        return [self[int(row)] for row in rows]

    def find(self, clip_id: str) -> int | None:
        """Return the newest first row of a clip, None where it has none."""
        tail = RowIds(self._table.slice(self._base), 0).among(pa.array([clip_id]))
        if tail.any():
            return self._base + int(tail.argmax())
        row = bisect_left(self, clip_id, 0, self._base)
        return row if row < self._base and self[row] == clip_id else None

    def among(self, clip_ids: pa.Array) -> NDArray[np.bool_]:
        """Return bool[n]: whether the clip of a row is one of `clip_ids`."""
        parts = [_among(chunk, clip_ids) for chunk in self.owners.chunks]
        return np.concatenate([np.empty(0, dtype=np.bool_), *parts])

    @property
    def segments(self) -> NDArray[np.int32]:
        """int32[n]: the number of each row's segment within its clip."""
        return np.asarray(self._table.column("segment").to_numpy(), dtype=np.int32)

    @property
    def starts_s(self) -> Float32:
        """float32[n]: where in its clip the segment of each row starts, in seconds."""
        return np.asarray(self._table.column("start_s").to_numpy(), dtype=np.float32)

    def followed_by(self, tail: pa.Table) -> RowIds:
        """Return these rows, the base, followed by those of `tail`."""
        base = self._table.slice(0, self._base)
        return RowIds(pa.concat_tables([base, tail.cast(base.schema)]), self._base)


def id_table(
    clip_ids: Sequence[str] | pa.Array, segments: NDArray[np.int32] | None = None, starts_s: Float32 | None = None
) -> pa.Table:
    """Return the table of `RowIds`. With segments, a clip id is written once however many rows it has."""
    owners = clip_ids if isinstance(clip_ids, pa.Array) else pa.array(clip_ids, pa.string())
    if segments is None or starts_s is None:
        return pa.table({"clip_id": owners})
    encoded = owners.dictionary_encode()
    return pa.table({"clip_id": encoded, "segment": pa.array(segments), "start_s": pa.array(starts_s)})


def _among(owners: pa.Array, clip_ids: pa.Array) -> NDArray[np.bool_]:
    if pa.types.is_dictionary(owners.type):
        known = pc.is_in(owners.dictionary, value_set=clip_ids).to_numpy(zero_copy_only=False)
        return np.asarray(known[owners.indices.to_numpy()], dtype=np.bool_)
    return np.asarray(pc.is_in(owners, value_set=clip_ids).to_numpy(zero_copy_only=False), dtype=np.bool_)
