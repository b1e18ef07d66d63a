from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from echodex.indexing.index.rowids import RowIds, id_table

NAMES = ["a", "b", "d", "e"]


def test_rows_and_ids_of_clips() -> None:
    ids = RowIds(id_table(NAMES), 4).followed_by(id_table(["c", "b"]))
    assert len(ids) == 6
    assert [ids[row] for row in range(6)] == ["a", "b", "d", "e", "c", "b"]
    assert ids.take(np.array([5, 0])) == ["b", "a"]
    assert {name: ids.find(name) for name in "abcdef"} == {"a": 0, "b": 5, "c": 4, "d": 2, "e": 3, "f": None}
    assert ids.among(pa.array(["b", "e", "z"])).tolist() == [False, True, False, True, False, True]


def test_a_tail_takes_the_place_of_another() -> None:
    ids = RowIds(id_table(NAMES), 4).followed_by(id_table(["c", "b"])).followed_by(id_table(["z"]))
    assert [ids[row] for row in range(len(ids))] == [*NAMES, "z"]


def test_rows_of_segments_say_where_they_start() -> None:
    owners, segments = ["a", "a", "b"], np.array([0, 1, 0], np.int32)
    table = id_table(owners, segments, np.array([0, 0.5, 0], np.float32))
    assert pa.types.is_dictionary(table.schema.field("clip_id").type)
    ids = RowIds(table, 3).followed_by(id_table(["c"], np.array([7], np.int32), np.array([3.5], np.float32)))
    assert [ids[row] for row in range(4)] == ["a", "a", "b", "c"]
    assert ids.segments.tolist() == [0, 1, 0, 7]
    assert ids.starts_s.tolist() == [0, 0.5, 0, 3.5]
    assert ids.among(pa.array(["a", "c"])).tolist() == [True, True, False, True]
    assert [ids.find(name) for name in "abcd"] == [0, 2, 3, None]


@pytest.mark.parametrize("owners", [[], ["a"]])
def test_no_rows(owners: list[str]) -> None:
    ids = RowIds(id_table([]), 0).followed_by(id_table(owners))
    assert len(ids) == len(owners)
    assert ids.find("b") is None
    assert ids.among(pa.array(["a"])).tolist() == [True] * len(owners)
