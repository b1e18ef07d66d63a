from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.ogg import OggPages, check_pages, page_checksum
from echodex.audio.source import Source

Make = Callable[..., np.ndarray]
Write = Callable[..., Path]


def pages_of(path: Path) -> OggPages:
    with closing(Source(path)) as source:
        return check_pages(source)


def bitwise(page: bytes) -> int:
    """The checksum as RFC 3533 defines it, a bit at a time."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)
        register &= 0xFFFFFFFF
    return register


@given(st.binary(min_size=26, max_size=300))
def test_the_checksum_is_the_one_of_the_standard(page: bytes) -> None:
    assert page_checksum(page) == bitwise(page[:22] + bytes(4) + page[26:])


def test_a_good_file_has_all_its_pages(write: Write, sound: Make) -> None:
    path = write("a.ogg", sound(5.0, 44_100), 44_100)
    found = pages_of(path)
    assert (found.pages, found.damaged, found.ended) == (path.read_bytes().count(b"OggS"), 0, True)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
def test_one_flipped_bit_is_found(write: Write, sound: Make, share: float) -> None:
    path = write("a.ogg", sound(5.0, 44_100), 44_100)
    content = bytearray(path.read_bytes())
    content[int(len(content) * share)] ^= 1
    path.write_bytes(content)
    assert pages_of(path).damaged == 1


def test_a_missing_page_and_a_broken_header_are_found(write: Write, sound: Make) -> None:
    path = write("a.ogg", sound(5.0, 44_100), 44_100)
    content = path.read_bytes()
    starts = [i for i in range(len(content)) if content.startswith(b"OggS", i)]
    path.write_bytes(content[: starts[4]] + content[starts[5] :])
    assert pages_of(path).damaged == 1
    path.write_bytes(content[: starts[4]] + b"Xgg" + content[starts[4] + 3 :])
    assert pages_of(path).damaged >= 1


def test_a_file_cut_off_has_not_ended(write: Write, sound: Make) -> None:
    path = write("a.ogg", sound(5.0, 44_100), 44_100)
    path.write_bytes(path.read_bytes()[:-1])
    assert not pages_of(path).ended
    path.write_bytes(b"")
    assert not pages_of(path).ended


def test_a_tag_after_the_end_is_no_damage(write: Write, sound: Make) -> None:
    path = write("a.ogg", sound(2.0, 44_100), 44_100)
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))
    found = pages_of(path)
    assert (found.damaged, found.ended) == (0, True)
