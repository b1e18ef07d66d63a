"""Samples as 16 bits. The oracle of a sample is the float it was made from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from echodex.store.pcm import FULL_SCALE_STEP, quantised

FLOATS = arrays(np.float32, st.integers(1, 50), elements=st.floats(-9.0, 9.0, width=32))


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
