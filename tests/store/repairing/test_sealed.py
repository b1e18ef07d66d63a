"""One wrong bit of a file whose hash is known is turned back; more than one is not guessed at."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from echodex.store.repairing.sealed import unflipped

contents = st.binary(min_size=1, max_size=300)


def seal(content: bytes) -> str:
    return f"{hashlib.blake2b(content, digest_size=16).hexdigest()} {len(content)}"


@settings(max_examples=30)
@given(contents, st.data())
def test_a_flipped_bit_is_turned_back(content: bytes, data: st.DataObject) -> None:
    damaged = bytearray(content)
    damaged[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert unflipped(bytes(damaged), seal(content)) == content


@settings(max_examples=30)
@given(st.binary(min_size=2, max_size=300))
def test_two_flipped_bits_are_not(content: bytes) -> None:
    damaged = bytes([content[0] ^ 1, content[1] ^ 1]) + content[2:]
    assert unflipped(damaged, seal(content)) is None


@settings(max_examples=10)
@given(contents)
def test_what_is_longer_or_shorter_is_not(content: bytes) -> None:
    assert unflipped(content + b"x", seal(content)) is None
    assert unflipped(content[:-1], seal(content)) is None
