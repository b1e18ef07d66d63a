"""Checksums of blocks: a piece is read with little around it, and what is damaged or misplaced is no right one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from echodex.store.blocks import BLOCK_BYTES, block_span, block_sums, is_right


def noise(size: int) -> bytes:
    return np.random.default_rng(0).bytes(size)


@given(st.integers(0, 3 * BLOCK_BYTES), st.data())
def test_a_span_is_the_fewest_whole_blocks_that_hold_a_piece(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(size - 1, 0)))
    stop = data.draw(st.integers(start, size))
    first, held = block_span(start, stop, size)
    assert first <= start
    assert first + held >= stop
    assert first % BLOCK_BYTES == 0
    assert (first + held) % BLOCK_BYTES == 0 or first + held == size
    assert held <= (stop - start) + 2 * (BLOCK_BYTES - 1)


@given(st.integers(0, 2 * BLOCK_BYTES + 199), st.integers(0, 7))
def test_a_flipped_bit_is_found(byte: int, bit: int) -> None:
    blob = noise(2 * BLOCK_BYTES + 200)
    sums = block_sums("clip", blob)
    flipped = bytearray(blob)
    flipped[byte] ^= 1 << bit
    assert is_right("clip", blob, 0, sums)
    assert not is_right("clip", bytes(flipped), 0, sums)


def test_a_block_of_another_place_or_clip_is_found() -> None:
    blob = noise(3 * BLOCK_BYTES)
    sums = block_sums("clip", blob)
    assert is_right("clip", blob[BLOCK_BYTES:], BLOCK_BYTES, sums)
    assert not is_right("clip", blob[BLOCK_BYTES:], 0, sums)
    assert not is_right("clip", blob[: 2 * BLOCK_BYTES], BLOCK_BYTES, sums)
    assert not is_right("other", blob, 0, sums)
