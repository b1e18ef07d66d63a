"""The sum of a table: of every value, and of nothing else. The oracle packs values one by one."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.store import tablesum
from echodex.store.tablesum import table_sum

SCHEMA = pa.schema(
    [
        pa.field("name", pa.string()),
        pa.field("row", pa.uint64()),
        pa.field("kept", pa.bool_()),
        pa.field("score", pa.float32()),
    ]
)
PACKED = {"row": "<Q", "kept": "<?", "score": "<f"}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
            "row": st.none() | st.integers(0, 2**64 - 1),
            "kept": st.none() | st.booleans(),
            "score": st.none() | st.floats(width=32, allow_nan=False),
        }
    ),
    max_size=12,
)


def oracle(rows: list[dict[str, Any]], together: int) -> str:
    said = b"name:string;row:uint64;kept:bool;score:float;"
    for first in range(0, len(rows), together):
        part = rows[first : first + together]
        for name in SCHEMA.names:
            cells = [row[name] for row in part]
            said += bytes(cell is not None for cell in cells)
            if name == "name":
                texts = [(cell or "").encode() for cell in cells]
                said += b"".join(struct.pack("<i", len(text)) for text in texts) + b"".join(texts)
            else:
                said += b"".join(struct.pack(PACKED[name], 0 if cell is None else cell) for cell in cells)
    return hashlib.blake2b(said, digest_size=16).hexdigest()


@given(ROWS, st.integers(1, 13))
def test_it_is_what_the_formats_page_says(rows: list[dict[str, Any]], together: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tablesum, "_TOGETHER", together)
        assert table_sum(pa.Table.from_pylist(rows, SCHEMA)) == oracle(rows, together)


@given(ROWS, st.integers(1, 5))
def test_chunks_do_not_matter(rows: list[dict[str, Any]], size: int) -> None:
    whole = pa.Table.from_pylist(rows, SCHEMA)
    chunks = [whole.slice(first, size) for first in range(0, len(rows), size)]
    assert table_sum(pa.concat_tables([whole.slice(0, 0), *chunks])) == table_sum(whole)


ROW = {"name": "a", "row": 1, "kept": True, "score": 0.5}
OTHERS: list[list[dict[str, Any]]] = [
    [],
    [ROW, ROW],
    [ROW | {"name": "b"}],
    [ROW | {"name": None}],
    [ROW | {"name": ""}],
    [ROW | {"row": 0}],
    [ROW | {"row": None}],
    [ROW | {"kept": False}],
    [ROW | {"kept": None}],
    [ROW | {"score": -0.5}],
]


def test_other_tables_have_other_sums() -> None:
    tables = [[ROW], *OTHERS, [ROW | {"name": "ab"}, ROW | {"name": "c"}], [ROW | {"name": "a"}, ROW | {"name": "bc"}]]
    assert len({table_sum(pa.Table.from_pylist(rows, SCHEMA)) for rows in tables}) == len(tables)
    renamed = pa.Table.from_pylist([ROW], SCHEMA).rename_columns(["title", "row", "kept", "score"])
    assert table_sum(renamed) != table_sum(pa.Table.from_pylist([ROW], SCHEMA))
