from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echodex.audio.align import align
from echodex.audio.clip import read_mono
from echodex.audio.resample import resample

RATE = 16_000
Make = Callable[..., np.ndarray]
Write = Callable[..., Path]


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise that falls off towards high frequencies, as most sounds do: float32[n]."""
    white = np.random.default_rng(seed).standard_normal(int(seconds * RATE))
    return np.convolve(white, np.exp(-np.arange(40) / 4), "same").astype(np.float32)


def late(samples: np.ndarray, by: float) -> np.ndarray:
    """`samples` shifted by a fraction of a sample, exactly, on a circle."""
    turn = np.exp(-2j * np.pi * np.arange(len(samples) // 2 + 1) * by / len(samples))
    return np.fft.irfft(np.fft.rfft(samples) * turn, len(samples)).astype(np.float32)


def test_a_waveform_lies_on_itself() -> None:
    found = align(noise(2.0), noise(2.0), RATE)
    assert (found.offset_s, found.overlap_s) == (0.0, 2.0)
    assert found.gain_db == pytest.approx(0.0, abs=1e-4)
    assert found.residual_db < -60


@pytest.mark.parametrize(("start", "stop"), [(8000, 32_000), (0, 20_000), (12_345, 30_000)])
def test_a_crop_is_found_where_it_was_cut(start: int, stop: int) -> None:
    whole = noise(2.0)
    found = align(whole, whole[start:stop], RATE)
    assert found.offset_s * RATE == pytest.approx(start, abs=1e-6)
    assert found.overlap_s * RATE == stop - start
    assert found.residual_db < -40
    back = align(whole[start:stop], whole, RATE)
    assert back.offset_s * RATE == pytest.approx(-start, abs=1e-6)
    assert back.residual_db < -40


def test_two_crops_that_share_their_middle() -> None:
    whole = noise(3.0)
    found = align(whole[: 2 * RATE], whole[RATE // 2 :], RATE)
    assert (found.offset_s, found.overlap_s) == (0.5, 1.5)
    assert found.residual_db < -40


@pytest.mark.parametrize("gain", [0.1, -1.0, 3.0])
def test_level_and_polarity_are_told_apart_from_likeness(gain: float) -> None:
    found = align(noise(2.0), np.float32(gain) * noise(2.0), RATE)
    assert found.gain_db == pytest.approx(20 * np.log10(abs(gain)), abs=1e-3)
    assert found.residual_db < -60


@given(st.integers(-8000, 8000), st.floats(-20, 20), st.sampled_from([10, 20, 30]), st.integers(0, 99))
@settings(max_examples=25)
def test_known_lag_gain_and_noise_come_out(lag: int, gain_db: float, snr_db: int, seed: int) -> None:
    whole, added = noise(3.0, seed), noise(1.5, seed + 1000)
    copy = whole[12_000 + lag : 36_000 + lag]
    added *= np.sqrt(np.mean(copy**2) / np.mean(added**2)) * 10 ** (-snr_db / 20)
    found = align(whole[12_000:36_000], 10 ** (gain_db / 20) * (copy + added), RATE)
    assert found.offset_s * RATE == pytest.approx(lag, abs=0.05)
    assert found.gain_db == pytest.approx(gain_db, abs=1.0 if snr_db == 10 else 0.3)
    assert found.residual_db == pytest.approx(-10 * np.log10(1 + 10 ** (snr_db / 10)), abs=1.0)


@pytest.mark.parametrize("by", [0.25, 0.5, 3.7, -2.31])
def test_a_fraction_of_a_sample_is_no_difference(by: float) -> None:
    found = align(noise(2.0), late(noise(2.0), by), RATE)
    assert -found.offset_s * RATE == pytest.approx(by, abs=0.02)
    assert found.residual_db < -25


def test_another_recording_explains_nothing() -> None:
    for seed in range(5):
        assert align(noise(2.0, seed), noise(2.0, seed + 50), RATE).residual_db > -0.5


def test_a_shared_offset_or_hum_is_no_likeness() -> None:
    hum = np.sin(2 * np.pi * 50 * np.arange(2 * RATE) / RATE).astype(np.float32)
    first, second = noise(2.0, 1) + 20 * hum + 20, noise(2.0, 2) + 20 * hum + 20
    assert align(first, second, RATE).residual_db > -0.5


def test_only_bands_that_both_have_are_compared() -> None:
    wide = np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    narrow = resample(resample(wide, RATE, 4000), 4000, RATE)  # three quarters of its energy are gone
    assert align(wide, narrow, RATE).residual_db < -10
    assert align(narrow, wide, RATE).residual_db < -10


def test_a_twin_at_another_rate_matches_at_either(write: Write, sound: Make) -> None:
    original = sound(3.0, 44_100)
    low = resample(original[:, 0], 44_100, RATE)[:, None]
    first, second = write("a.ogg", original[:, :1], 44_100), write("b.mp3", low, RATE)
    for rate in (RATE, 44_100):
        found = align(read_mono(first, rate), read_mono(second, rate), rate)
        assert abs(found.offset_s) < 1e-3
        assert found.residual_db < -10


def test_a_periodic_sound_lies_with_the_longest_overlap() -> None:
    time_s = np.arange(2 * RATE) / RATE
    harmonics = np.arange(1, 20)[:, None]
    buzz = (np.sin(2 * np.pi * 200 * harmonics * time_s) / harmonics).sum(axis=0).astype(np.float32)
    found = align(buzz, buzz, RATE)
    assert (found.offset_s, found.overlap_s) == (0.0, 2.0)


def test_at_least_half_of_the_shorter_must_lie_on_the_other() -> None:
    first, second = noise(2.0, 1), noise(2.0, 2)
    second[: RATE // 2] = first[-RATE // 2 :]  # the last quarter of one is the first of the other
    found = align(first, second, RATE)
    assert found.overlap_s >= 1.0
    assert found.residual_db > -1


@pytest.mark.parametrize("silent", [np.zeros(0, np.float32), np.zeros(100, np.float32)])
def test_nothing_explains_nothing(silent: np.ndarray) -> None:
    for first, second in ((silent, noise(1.0)), (noise(1.0), silent), (silent, silent)):
        found = align(first, second, RATE)
        assert (found.offset_s, found.gain_db, found.residual_db) == (0.0, 0.0, 0.0)
        assert found.overlap_s == min(len(first), len(second)) / RATE


@pytest.mark.parametrize("frames", [1, 2, 10, 101])
def test_very_short_waveforms_do_not_fail(frames: int) -> None:
    found = align(noise(1.0)[100 : 100 + frames], noise(1.0), RATE)
    assert np.isfinite([found.offset_s, found.gain_db, found.residual_db, found.overlap_s]).all()
