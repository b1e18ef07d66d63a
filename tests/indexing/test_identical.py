from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.indexing import identical
from echodex.indexing.identical import equal_rows


def as_sets(matrix: NDArray[np.float32], rows: NDArray[np.int64]) -> list[list[int]]:
    found: dict[bytes, list[int]] = {}
    for row in rows.tolist():
        found.setdefault(matrix[row].tobytes(), []).append(row)
    return list(found.values())


@given(values=st.lists(st.tuples(*[st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-9])] * 3), min_size=1, max_size=30))
def test_classes_are_those_of_the_bytes(values: list[tuple[float, float, float]]) -> None:
    matrix = np.array(values, dtype=np.float32)
    rows = np.arange(0, len(matrix), 1 + len(matrix) % 2)
    classes = equal_rows(matrix, rows)
    expected = as_sets(matrix, rows)
    assert classes.firsts.tolist() == [group[0] for group in expected]
    assert [classes.members(np.array([number])).tolist() for number in range(len(expected))] == expected
    assert classes.members(np.arange(len(expected))).tolist() == rows.tolist()
    assert classes.sizes().tolist() == [len(group) for group in expected]


def test_rows_that_only_share_a_hash_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identical, "_hashes", lambda matrix, rows: np.zeros(len(rows), dtype=np.uint64))
    matrix = np.array([[1, 2], [3, 4], [1, 2], [3, 4], [1, 2]], dtype=np.float32)
    classes = equal_rows(matrix, np.arange(5))
    assert classes.firsts.tolist() == [0, 1, 3], "[3, 4] is not the first of its hash: not collapsed, and not confused"
    assert classes.members(np.array([0])).tolist() == [0, 2, 4]


def test_no_rows() -> None:
    classes = equal_rows(np.empty((0, 3), np.float32), np.arange(0))
    assert len(classes.firsts) == 0
    assert len(classes.members(np.arange(0))) == 0
