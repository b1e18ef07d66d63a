"""What shards came to is read back as it was, and what is damaged is done again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echodex.store.journal import Journal


@dataclass(frozen=True)
class Found:
    rows: np.ndarray[Any, Any]
    count: int
    more: tuple[Any, ...] | None


arrays = st.builds(
    lambda shape, of: np.arange(np.prod(shape)).reshape(shape).astype(of),
    st.lists(st.integers(0, 4), min_size=1, max_size=3),
    st.sampled_from(["int64", "int32", "float32", "float64", "bool", "uint8"]),
)
numbers = st.one_of(st.none(), st.integers(-(2**62), 2**62), st.builds(slice, st.integers(0, 9), st.integers(0, 9)))
results = st.recursive(
    st.one_of(arrays, numbers),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.builds(Found, arrays, st.integers(0, 99), st.none() | st.lists(inner, max_size=2).map(tuple)),
    ),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Found):
        return same((one.rows, one.count, one.more), (other.rows, other.count, other.more))
    return type(one) is type(other) and bool(one == other)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(result=results, key=st.text(max_size=20))
def test_a_result_is_read_back_as_it_was(tmp_path: Path, result: Any, key: str) -> None:
    journal = Journal(tmp_path / "work", (Found,))
    journal.write(key, result)
    read = journal.read(key)
    assert read is not None
    assert same(read[0], result)
    assert journal.read(f"{key} other") is None


@pytest.mark.parametrize("place", [0, 20, -1])
def test_what_is_damaged_is_as_if_it_was_not_there(tmp_path: Path, place: int) -> None:
    journal = Journal(tmp_path, ())
    journal.write("a", [np.arange(100), 3])
    [path] = tmp_path.glob("*.safetensors")
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert journal.read("a") is None
    path.write_bytes(content[:10])
    assert journal.read("a") is None


def test_what_is_of_a_kind_that_was_not_asked_for_is_not_made(tmp_path: Path) -> None:
    Journal(tmp_path, (Found,)).write("a", Found(np.arange(3), 1, None))
    assert Journal(tmp_path, ()).read("a") is None
