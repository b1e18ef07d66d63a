"""Samples as 16 bits, and the checksums of their blocks. The oracle of a sample is the float it was made from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from echodex.store.pcm import BLOCK_SAMPLES, FULL_SCALE_STEP, SAMPLE_BYTES, block_span, block_sums, checked, quantised

FLOATS = arrays(np.float32, st.integers(1, 50), elements=st.floats(-9.0, 9.0, width=32))


def noise(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)


@given(FLOATS)
def test_every_sample_is_within_half_a_step(waveform: np.ndarray) -> None:
    pcm, step = quantised(waveform)
    found = np.frombuffer(pcm, "<i2") * np.float64(step)
    assert np.abs(found - waveform).max() <= step / 2
    assert step >= FULL_SCALE_STEP
    peak = np.abs(waveform).max()
    assert step == FULL_SCALE_STEP or step < 2.001 * peak * FULL_SCALE_STEP


@given(arrays(np.int16, st.integers(1, 50)))
def test_sixteen_bits_come_back_to_the_bit(samples: np.ndarray) -> None:
    pcm, step = quantised((samples / 32768).astype(np.float32))
    assert step == FULL_SCALE_STEP
    assert np.array_equal(np.frombuffer(pcm, "<i2"), samples)


@pytest.mark.parametrize(("value", "step"), [(0.0, 1), (0.9999, 1), (1.0, 2), (-1.0, 1), (2.5, 4), (-3e38, 2.0**128)])
def test_beyond_full_scale_steps_are_larger(value: float, step: float) -> None:
    assert quantised(np.array([value], np.float32))[1] == step * FULL_SCALE_STEP


@given(st.integers(0, 3 * BLOCK_SAMPLES), st.data())
def test_a_span_is_the_fewest_whole_blocks_that_hold_a_piece(samples: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, max(samples - 1, 0)))
    stop = data.draw(st.integers(start, samples))
    first, size = (number // SAMPLE_BYTES for number in block_span(start, stop, samples))
    assert first <= start
    assert first + size >= stop
    assert first % BLOCK_SAMPLES == 0
    assert (first + size) % BLOCK_SAMPLES == 0 or first + size == samples
    assert size <= (stop - start) + 2 * (BLOCK_SAMPLES - 1)


@given(st.integers(0, 2 * (2 * BLOCK_SAMPLES + 100) - 1), st.integers(0, 7))
def test_a_flipped_bit_is_found(byte: int, bit: int) -> None:
    pcm, _ = quantised(noise(2 * BLOCK_SAMPLES + 100))
    sums = block_sums("clip", pcm)
    flipped = bytearray(pcm)
    flipped[byte] ^= 1 << bit
    assert checked("clip", pcm, 0, sums) is not None
    assert checked("clip", bytes(flipped), 0, sums) is None


def test_a_block_of_another_place_or_clip_is_found() -> None:
    pcm, _ = quantised(noise(3 * BLOCK_SAMPLES))
    sums, block = block_sums("clip", pcm), BLOCK_SAMPLES * SAMPLE_BYTES
    assert checked("clip", pcm[block:], block, sums) is not None
    assert checked("clip", pcm[block:], 0, sums) is None
    assert checked("clip", pcm[: 2 * block], block, sums) is None
    assert checked("other", pcm, 0, sums) is None
