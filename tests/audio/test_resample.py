from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.resample import Resampler, resample

PAIRS = [(44_100, 16_000), (48_000, 22_050), (8000, 16_000), (16_000, 44_100), (96_000, 8000), (12_345, 16_000)]


def tone(frequency_hz: float, rate_hz: int, seconds: float = 2.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(int(seconds * rate_hz)) / rate_hz).astype(np.float32)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
@pytest.mark.parametrize("share", [0.01, 0.2, 0.45])
def test_a_tone_below_both_limits_keeps_pitch_level_and_place(from_hz: int, to_hz: int, share: float) -> None:
    frequency = share * min(from_hz, to_hz)
    found, wanted = resample(tone(frequency, from_hz), from_hz, to_hz), tone(frequency, to_hz)
    middle = slice(len(wanted) // 4, 3 * len(wanted) // 4)
    assert np.abs(found[middle] - wanted[middle]).max() < 0.004  # -48 dB, soxr's 0.01 dB included


@pytest.mark.parametrize("share", [0.55, 0.7, 0.95])
def test_a_tone_above_the_new_limit_is_gone(share: float) -> None:
    found = resample(tone(share * 16_000, 44_100), 44_100, 16_000)
    assert np.abs(found[4000:-4000]).max() < 1e-5  # -100 dB


def test_the_same_rate_changes_nothing() -> None:
    samples = tone(440, 8000)
    assert resample(samples, 8000, 8000) is samples


@given(
    st.integers(0, 3000), st.sampled_from([1000, 8000, 11_025, 12_345, 44_100]), st.sampled_from([8000, 16_000, 22_050])
)
def test_the_length_is_that_of_the_same_time(frames: int, from_hz: int, to_hz: int) -> None:
    found = resample(np.zeros(frames, np.float32), from_hz, to_hz)
    assert found.dtype == np.float32
    assert len(found) == (2 * frames * to_hz + from_hz) // (2 * from_hz)


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=8), st.sampled_from(PAIRS))
def test_the_bits_do_not_depend_on_where_pieces_are_cut(sizes: list[int], rates: tuple[int, int]) -> None:
    samples = np.random.default_rng(0).standard_normal(sum(sizes)).astype(np.float32)
    resampler = Resampler(*rates)
    pieces = [resampler.push(piece) for piece in np.split(samples, np.cumsum(sizes)[:-1])]
    assert np.array_equal(np.concatenate([*pieces, resampler.finish()]), resample(samples, *rates))
