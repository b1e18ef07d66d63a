"""Small fragments are joined once there are many, but for those that a view holds."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from echodex.store import joining
from echodex.store.joining import join_small
from echodex.store.tables import Tables
from echodex.store.versions import fragments_of
from echodex.store.where import equals

COLUMNS = ["clip_id"]


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tables:
    """One table of eight commits, of a row each, where four fragments are many."""
    monkeypatch.setattr(joining, "JOIN_ABOVE", 4)
    made = Tables(tmp_path)
    made.create("things", pa.schema([pa.field("clip_id", pa.string(), nullable=False)]))
    for number in range(8):
        made.append("things", pa.table({"clip_id": [f"c{number}"]}))
    return made


def rows_of_fragments(tables: Tables) -> list[int]:
    return [one.rows for one in fragments_of(tables, "things")]


def test_many_become_one_and_a_few_stay(tables: Tables) -> None:
    before = tables.scan("things", COLUMNS, row_ids=True)
    join_small(tables, "things")
    assert rows_of_fragments(tables) == [8]
    assert tables.scan("things", COLUMNS, row_ids=True).equals(before)
    for number in range(8, 11):
        tables.append("things", pa.table({"clip_id": [f"c{number}"]}))
    join_small(tables, "things")
    assert rows_of_fragments(tables) == [8, 1, 1, 1]


def test_what_a_view_holds_is_not_copied(tables: Tables) -> None:
    tables.tag("things", "view-lean.v1", 4)  # of three rows
    join_small(tables, "things")
    assert rows_of_fragments(tables) == [1, 1, 1, 5]
    version = tables.version("things")
    tables.append("things", pa.table({"clip_id": ["c8"]}))
    join_small(tables, "things")  # two that may be joined are not many
    assert tables.version("things") == version + 1


def test_large_fragments_are_left(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "JOINED_ROWS", 4)  # so that a fragment of one row is large
    tables.delete("things", equals("clip_id", "c0"))
    before = tables.version("things")
    join_small(tables, "things")
    assert tables.version("things") == before


def test_what_a_flipped_bit_hides_is_not_made_to_last(tables: Tables) -> None:
    tables.append("things", pa.table({"clip_id": ["a", "b"]}))
    tables.delete("things", equals("clip_id", "a"))
    [deleted] = (tables.folder / "things.lance" / "_deletions").iterdir()
    written = bytearray(deleted.read_bytes())
    written[-20] ^= 1
    deleted.write_bytes(written)
    before = tables.version("things")
    join_small(tables, "things")
    assert tables.version("things") == before
