from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from echodex.schemas.vector import vector_schema
from echodex.store.rowsum import row_sums, with_row_sums
from echodex.store.vectors import vector_column


def rows(matrix: np.ndarray) -> pa.Table:
    n = len(matrix)
    return pa.table(
        {
            "clip_id": [f"c{i}" for i in range(n)],
            "segment": pa.array(np.zeros(n), pa.int32()),
            "start_s": pa.array(np.zeros(n), pa.float32()),
            "vector": vector_column(matrix),
        }
    )


def test_equal_rows_have_equal_sums_wherever_they_stand() -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    sums = row_sums(rows(matrix)).to_pylist()
    assert len(set(sums)) == 3
    assert row_sums(rows(matrix).slice(1, 1)).to_pylist() == sums[1:2]


@given(byte=st.integers(0, 47), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_in_the_vectors_changes_a_sum(byte: int, bit: int) -> None:
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    flipped = bytearray(matrix.tobytes())
    flipped[byte] ^= 1 << bit
    other = np.frombuffer(bytes(flipped), np.float32).reshape(3, 4)
    assert row_sums(rows(matrix)).to_pylist() != row_sums(rows(other)).to_pylist()


def test_binary_values_are_part_of_the_sum() -> None:
    table = pa.table(
        {"clip_id": ["a", "a", "b"], "raw": pa.array([b"\x00\xff", b"\x00\xfe", b"\x00\xff"], pa.binary())}
    )
    assert len(set(row_sums(table).to_pylist())) == 3
    assert row_sums(table.select(["raw", "clip_id"])).equals(row_sums(table))


def test_the_sum_fills_its_column_of_the_schema() -> None:
    schema = vector_schema(4)
    table = with_row_sums(rows(np.ones((2, 4), np.float32)), schema)
    assert table.schema.names == schema.names
    assert table.column("row_sum").null_count == 0
