"""The arithmetic of partials, against plain sums of sines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.testing.tones import fade, frames, harmonic_count, harmonics, partials, to_peak, tone, vibrato


def test_a_tone_is_a_sine_of_its_frequency_and_level() -> None:
    sine = tone(440.0, 1.0, 8000, amplitude=0.25)
    assert sine.dtype == np.float32
    assert len(sine) == 8000
    assert np.argmax(np.abs(np.fft.rfft(sine))) == 440
    assert np.max(np.abs(sine)) == pytest.approx(0.25, abs=1e-4)
    assert sine[0] == 0.0


def test_partials_equal_the_sum_written_out() -> None:
    n, rate = 1000, 8000
    t = np.arange(n) / rate
    expected = 0.7 * np.exp(-3 * t) * np.sin(2 * np.pi * 200 * t) + 0.2 * np.exp(-9 * t) * np.sin(2 * np.pi * 731 * t)
    np.testing.assert_allclose(partials([200, 731], [0.7, 0.2], [3, 9], n, rate), expected, atol=1e-12)


def test_partials_above_the_limit_are_left_out() -> None:
    np.testing.assert_array_equal(partials([3700], [1.0], [0.0], 100, 8000), np.zeros(100))


def test_harmonics_equal_the_sum_written_out() -> None:
    phase = np.linspace(0, 300, 5000)
    expected = np.sin(phase) + 0.5 * np.sin(2 * phase) - 0.25 * np.sin(3 * phase)
    np.testing.assert_allclose(harmonics(phase, [1.0, 0.5, -0.25]), expected, atol=1e-5)


def test_vibrato_of_no_depth_is_a_steady_pitch() -> None:
    phase = vibrato(100.0, 500, 8000, 5.0, 0.0)
    np.testing.assert_allclose(np.diff(phase), 2 * np.pi * 100 / 8000)


@given(frequency_hz=st.floats(20, 5000), rate_hz=st.sampled_from([8000, 16000, 44100]))
def test_no_harmonic_aliases(frequency_hz: float, rate_hz: int) -> None:
    count = harmonic_count(frequency_hz, rate_hz)
    assert 1 <= count <= 32
    assert count == 1 or count * frequency_hz <= 0.45 * rate_hz


def test_a_fade_longer_than_the_clip_meets_in_the_middle() -> None:
    faded = fade(np.ones(10, np.float32), 100, 5.0, 5.0)
    assert faded[0] == 0.0
    assert faded[-1] == 0.0
    np.testing.assert_allclose(faded, faded[::-1])


def test_levels() -> None:
    assert np.max(np.abs(to_peak(np.array([0.1, -0.4]), -6.0))) == pytest.approx(10 ** (-6 / 20))
    np.testing.assert_array_equal(to_peak(np.zeros(3)), np.zeros(3, np.float32))
    assert frames(0.0, 8000) == 1
