"""A hash per row, kept in the row: Lance does not checksum data, and a flipped bit must not become a wrong answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SUM_BYTES = 16


def row_sums(rows: pa.Table) -> pa.Array:
    """Return blake2b-128 of every row of `rows`, over all columns but `row_sum` itself: binary(16)[n]."""
    names = sorted(name for name in rows.column_names if name != "row_sum")
    raw_names = [name for name in names if _is_raw(rows.schema.field(name).type)]
    others = rows.select([name for name in names if name not in raw_names])
    cells = [_raw_bytes(rows.column(name)) for name in raw_names]
    sums = []
    for row, *raw in zip(_rows(others), *cells, strict=True):
        state = hashlib.blake2b(json.dumps(row).encode(), digest_size=SUM_BYTES)
        for cell in raw:
            state.update(cell)
        sums.append(state.digest())
    return pa.array(sums, type=pa.binary(SUM_BYTES))


def with_row_sums(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return `rows` with the `row_sum` column filled, in the column order and types of `schema`."""
    bare = rows.drop_columns(["row_sum"]) if "row_sum" in rows.column_names else rows
    full = bare.append_column("row_sum", row_sums(bare))
    return full.select(schema.names).cast(schema)


def all_right(rows: pa.Table) -> bool:
    """Return whether every row of `rows` is what its `row_sum` says."""
    right = pc.equal(row_sums(rows), rows.column("row_sum").combine_chunks())
    return bool(pc.all(right.fill_null(False), min_count=0).as_py())


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return rows that JSON can write; their keys come in the order of the columns."""
    for position, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(position, field.name, table.column(position).cast(pa.int64()))
    return list(table.to_pylist())


def _is_raw(kind: pa.DataType) -> bool:
    return bool(pa.types.is_fixed_size_list(kind) or pa.types.is_binary(kind))


def _raw_bytes(column: pa.ChunkedArray) -> Iterator[bytes]:
    """Yield the bytes of each vector, or of each binary value."""
    if pa.types.is_binary(column.type):
        yield from column.to_pylist()
        return
    for chunk in column.chunks:
        matrix = np.ascontiguousarray(chunk.flatten().to_numpy(zero_copy_only=False)).reshape(len(chunk), -1)
        yield from (row.tobytes() for row in matrix)
