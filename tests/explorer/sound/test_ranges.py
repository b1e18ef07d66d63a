"""The Range header: what every position of a file is asked for by, against the words of RFC 9110."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.explorer.sound.ranges import Part, asked_part


@given(st.integers(0, 60), st.integers(0, 70), st.integers(0, 70))
def test_first_and_last_byte_are_both_in_it(length: int, first: int, last: int) -> None:
    part = asked_part(f"bytes={first}-{last}", length)
    if last < first:
        assert part == Part(0, length, length, whole=True)
    else:
        wanted = [position for position in range(length) if first <= position <= last]
        assert (list(range(part.start, part.stop)) if part else []) == wanted
        assert part is None or (part.header == f"bytes {wanted[0]}-{wanted[-1]}/{length}" and not part.whole)


@given(st.integers(0, 60), st.integers(0, 70))
def test_an_open_end_and_a_suffix(length: int, count: int) -> None:
    positions = list(range(length))
    for header, wanted in (
        (f"bytes={count}-", positions[count:]),
        (f"bytes=-{count}", positions[max(length - count, 0) :]),
    ):
        part = asked_part(header, length)
        assert (positions[part.start : part.stop] if part else []) == wanted


@given(st.text(max_size=20), st.integers(1, 60))
def test_what_is_no_range_is_the_whole_or_some_of_it(text: str, length: int) -> None:
    part = asked_part(text, length)
    if part is None or not part.whole:
        assert text.lower().startswith("bytes=")


@pytest.mark.parametrize(
    "header", [None, "", "bytes=", "bytes=-", "bytes= - ", "bytes=3-2", "bytes=1-2,4-5", "items=1-2"]
)
def test_everything_where_nothing_valid_or_several_are_asked(header: str | None) -> None:
    assert asked_part(header, 10) == Part(0, 10, 10, whole=True)


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=-0", "bytes=" + "9" * 5_000 + "-"])
def test_nothing_where_there_is_none_of_it(header: str) -> None:
    assert asked_part(header, 10) is None


def test_units_are_told_in_any_case_and_spaces_pass() -> None:
    assert asked_part("Bytes= 2-3 ", 10) == Part(2, 4, 10)
    assert asked_part("bytes=0-" + "9" * 5_000, 10) == Part(0, 10, 10)
