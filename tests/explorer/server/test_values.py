from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from echodex.explorer.server.values import MAX_NAMES, OTHER, category, number


@given(texts=st.lists(st.sampled_from(["", "a", "b", "none", "ä", None])))
def test_names_come_by_falling_count_and_none_last(texts: list[str | None]) -> None:
    found = category(pa.array(texts, pa.string()))
    names, none = found.header["names"], found.header["none"]
    told = [None if code == none else names[code] for code in found.array.tolist()]
    assert told == [text or None for text in texts]
    counts = Counter(text for text in texts if text)
    assert names[: len(counts)] == sorted(counts, key=lambda name: (-counts[name], name))
    assert found.header["counts"] == [sum(code == at for code in found.array.tolist()) for at in range(len(names))]
    assert (none is None) == (None not in told)
    assert none in (None, len(names) - 1)


def test_more_names_than_codes() -> None:
    texts = ["often"] * 3 + ["twice"] * 2 + [f"{number:06}" for number in range(MAX_NAMES + 10)] + [""]
    found = category(pa.array(texts))
    names = found.header["names"]
    assert len(names) == MAX_NAMES
    assert names[:3] == ["often", "twice", "000000"]
    assert names[-2:] == [OTHER, "none"]
    assert found.array[-2:].tolist() == [len(names) - 2, len(names) - 1]
    assert found.header["counts"][-2:] == [MAX_NAMES + 12 - (MAX_NAMES - 2), 1]
    assert found.array.dtype == np.uint16


@given(values=st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))))
def test_numbers_tell_their_range(values: list[float | None]) -> None:
    found = number(pa.array(values, pa.float32()), "s")
    np.testing.assert_array_equal(found.array, np.array([np.nan if v is None else v for v in values], np.float32))
    known = [value for value in values if value is not None]
    expected = (min(known), max(known), float(np.median(np.array(known, np.float32)))) if known else (None, None, None)
    assert (found.header["min"], found.header["max"], found.header["median"]) == expected
    assert found.header["unit"] == "s"


def test_integers_without_a_value_have_none() -> None:
    assert np.isnan(number(pa.array([3, None], pa.int64())).array[1])
