"""Clips that two writers without a lock add at once stay once: those of whoever committed first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from echodex.schemas.clip import PRIMARY_KEY
from echodex.schemas.vector import Segments
from echodex.store.blob_writing import BlobReport, BlobWriter
from echodex.store.known import Known
from echodex.store.spaces import imported_space, table_of
from echodex.store.store import Store
from echodex.store.tables import Tables
from echodex.store.vectors import Writer
from echodex.store.waveforms import WAVEFORMS

SCHEMA = pa.schema(
    [pa.field("clip_id", pa.string(), nullable=False, metadata=PRIMARY_KEY), pa.field("value", pa.int64())]
)


def rows(ids: str, value: int) -> pa.Table:
    return pa.table({"clip_id": list(ids), "value": [value] * len(ids)}, schema=SCHEMA)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    made = Tables(tmp_path)
    made.create("things", SCHEMA)
    return made


def held(tables: Tables) -> dict[str, int]:
    found = tables.scan("things", ["clip_id", "value"]).to_pylist()
    assert len({row["clip_id"] for row in found}) == len(found)
    return {row["clip_id"]: row["value"] for row in found}


def test_the_later_commit_takes_its_own_rows_out(tables: Tables) -> None:
    seen = tables.append("things", rows("ab", 0))
    Tables(tables.folder).append("things", rows("cd", 1), seen=seen)
    tables.append("things", rows("de", 2), seen=seen)
    assert held(tables) == {"a": 0, "b": 0, "c": 1, "d": 1, "e": 2}


def test_what_was_there_before_is_not_touched(tables: Tables) -> None:
    """A clip that the caller says is new is believed to be, up to the version that it has seen."""
    tables.append("things", rows("a", 0))
    seen = tables.append("things", rows("b", 0))
    tables.append("things", rows("b", 1), seen=seen)
    assert tables.count("things") == 3


def test_other_commits_between_cost_nothing_but_the_look(tables: Tables) -> None:
    seen = tables.append("things", rows("ab", 0))
    tables.delete("things", "clip_id = 'a'")
    version = tables.append("things", rows("ac", 2), seen=seen)
    assert tables.version("things") == version, "nothing was taken out"
    assert held(tables) == {"a": 2, "b": 0, "c": 2}


def test_a_writer_that_was_overtaken_learns_of_it(store: Store) -> None:
    space = imported_space(store.tables, "made", 2, "")
    one, other = Writer(store.tables, space), Writer(store.tables, space)

    def segments(value: float) -> Segments:
        return Segments(np.zeros(2, np.float32), np.full((2, 2), value, np.float32))

    one.write(["a"], [segments(1)])
    other._refresh = lambda: None  # type: ignore[method-assign]  # as if it had looked before `one` wrote
    other.write(["a", "b"], [segments(2), segments(2)])
    del other._refresh
    one.write(["b", "c"], [segments(3), segments(3)])
    other.write(["c", "d"], [segments(4), segments(4)])
    found = store.tables.scan(table_of(space), ["clip_id", "segment", "vector"]).to_pylist()
    values = {(row["clip_id"], row["segment"]): row["vector"][0] for row in found}
    assert len(values) == len(found)
    assert values == {(clip, part): value for clip, value in zip("abcd", (1, 2, 3, 4), strict=True) for part in (0, 1)}


def test_a_writer_of_blobs_that_was_overtaken_learns_of_it(store: Store) -> None:
    one, other = (BlobWriter(store.tables, BlobReport("waveforms_8000"), WAVEFORMS, ahead=True) for _ in range(2))
    one.add("a", b"1" * 4, 2, 1.0)
    one.commit()
    other._refresh = lambda: None  # type: ignore[method-assign]
    other.add("a", b"2" * 4, 2, 1.0)
    other.add("b", b"2" * 4, 2, 1.0)
    other.commit()
    del other._refresh
    assert sorted(store.tables.scan("waveforms_8000", ["clip_id"]).column(0).to_pylist()) == ["a", "b"]
    other.add("b", b"3" * 4, 2, 1.0)
    other.commit()
    assert store.tables.count("waveforms_8000") == 2


def test_what_is_known_is_read_anew_where_somebody_else_wrote(store: Store) -> None:
    known = Known(store.tables)
    version = known.version
    known.wrote(
        [{"clip_id": "ours", "uris": [], "mtimes_ns": [], "size_bytes": 0, "content_hash": "", "reason": "ok"}], 1
    )
    assert known.version == version + 1
    known.refresh()
    assert known.ids == set(), "the table has no such row: it was not this process that made the version"
