"""Small fragments are joined once there are many, but for those that a view holds."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from echodex.store import joining
from echodex.store.joining import join_small
from echodex.store.tables import Tables
from echodex.store.versions import fragments_of
from echodex.store.where import equals, is_in

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


def test_large_fragments_are_left_for_compact(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "JOINED_ROWS", 8)  # so that a fragment of two rows is large
    tables.create("large", tables.schema("things"))
    for number in range(6):
        tables.append("large", pa.table({"clip_id": [f"{place}-{number}" for place in "abc"]}))
    tables.delete("large", is_in("clip_id", [f"a-{number}" for number in range(6)]))
    before = tables.version("large")
    join_small(tables, "large")
    assert tables.version("large") == before


def test_what_a_flipped_bit_hides_is_not_made_to_last(tables: Tables) -> None:
    """Lance may even abort the process when it joins by a list of removed rows that is not what was written."""
    tables.append("things", pa.table({"clip_id": ["a", "b"]}))
    tables.delete("things", equals("clip_id", "a"))
    [deleted] = (tables.folder / "things.lance" / "_deletions").iterdir()
    written = bytearray(deleted.read_bytes())
    written[-20] ^= 1
    deleted.write_bytes(written)
    before = tables.version("things")
    join_small(tables, "things")
    assert tables.version("things") == before
