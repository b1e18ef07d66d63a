"""A hash per row, kept in the row: Lance does not checksum data, and a flipped bit must not become a wrong answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

SUM_BYTES = 16


def row_sums(rows: pa.Table) -> pa.Array:
    """Return blake2b-128 of every row of `rows`, over all columns but `row_sum` itself: binary(16)[n]."""
    columns = [_cells(name, rows.column(name)) for name in sorted(rows.column_names) if name != "row_sum"]
    sums = []
    for cells in zip(*columns, strict=True):
        state = hashlib.blake2b(digest_size=SUM_BYTES)
        for cell in cells:
            state.update(cell)
        sums.append(state.digest())
    return pa.array(sums, type=pa.binary(SUM_BYTES))


def with_row_sums(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return `rows` with the `row_sum` column filled, in the column order and types of `schema`."""
    bare = rows.drop_columns(["row_sum"]) if "row_sum" in rows.column_names else rows
    full = bare.append_column("row_sum", row_sums(bare))
    return full.select(schema.names).cast(schema)


def _cells(name: str, column: pa.ChunkedArray) -> Iterator[bytes]:
    """Yield an unambiguous byte string per cell: the raw bytes of a vector, JSON of anything else."""
    if pa.types.is_fixed_size_list(column.type):
        width = column.type.list_size
        for chunk in column.chunks:
            matrix = np.ascontiguousarray(chunk.flatten().to_numpy(zero_copy_only=False)).reshape(-1, width)
            yield from (row.tobytes() for row in matrix)
        return
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    for value in column.to_pylist():
        yield json.dumps([name, value], ensure_ascii=True).encode()
