"""Textures: the slopes of their spectra, their beats, their partials."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from echodex.audio.augment.synthetic_textures import bumpy, chopped, coloured, harmonics, hiss, swelling, wandering

RATE = 8000
LONG = 40_000


def sounds(source: object, count: int = 40) -> np.ndarray:
    assert callable(source)
    return np.stack([source(LONG, RATE, np.random.default_rng(seed)) for seed in range(count)])


def loudness_db(sound: np.ndarray, frame: int = 800) -> np.ndarray:
    return np.asarray(10 * np.log10(np.mean(sound.reshape(-1, frame) ** 2, axis=1)))


def flatness_db(sound: np.ndarray) -> float:
    """Geometric over arithmetic mean of the spectrum in frames of 64 ms, 300 to 3400 Hz; noise is near -2.5."""
    _, _, spectra = scipy.signal.stft(sound, RATE, nperseg=512)
    power = np.abs(spectra[20:218]) ** 2 + 1e-20
    return float(np.median(10 * (np.log10(power).mean(axis=0) - np.log10(power.mean(axis=0)))))


@pytest.mark.parametrize("slope_db", [-9, -6, -3, 0, 3])
def test_coloured_noise_has_its_slope_and_power_1(slope_db: float) -> None:
    sound = coloured(20 * LONG, RATE, slope_db, np.random.default_rng(0))
    frequency_hz, density = scipy.signal.welch(sound, RATE, nperseg=4096)
    used = (frequency_hz > 60) & (frequency_hz < 3800)
    fitted, _ = np.polyfit(np.log2(frequency_hz[used]), 10 * np.log10(density[used]), 1)
    assert fitted == pytest.approx(slope_db, abs=0.1)
    assert np.mean(sound**2) == pytest.approx(1)
    assert density[frequency_hz < 30].max() < 0.01 * density[used].max()


def test_hisses_are_steady_and_from_dark_to_bright() -> None:
    hisses = sounds(hiss)
    assert np.median([loudness_db(sound).std() for sound in hisses]) < 1.5
    frequency_hz, density = scipy.signal.welch(hisses, RATE, nperseg=512)
    octaves, used = np.log2(np.maximum(frequency_hz, 1)), (frequency_hz > 120) & (frequency_hz < 3500)
    slopes = np.polyfit(octaves[used], 10 * np.log10(density[:, used].T), 1)[0]
    assert np.percentile(slopes, 10) < -6
    assert np.percentile(slopes, 90) > 0


def test_swelling_noise_comes_and_goes() -> None:
    assert np.median([np.ptp(loudness_db(sound)) for sound in sounds(swelling)]) > 7


def test_harmonics_are_tones_of_one_pitch() -> None:
    hums, hisses = sounds(harmonics), sounds(hiss)
    assert np.median([flatness_db(sound) for sound in hums]) < np.median([flatness_db(sound) for sound in hisses]) - 4


def test_chopped_noise_has_a_beat_between_1_and_30_hz() -> None:
    for sound in sounds(chopped, 10):
        envelope = np.sqrt(np.mean(sound.reshape(-1, 40) ** 2, axis=1))  # 200 Hz
        spectrum = np.abs(np.fft.rfft(envelope - envelope.mean()))
        beat_hz = np.fft.rfftfreq(len(envelope), 1 / 200)[spectrum.argmax()]
        assert 0.8 < beat_hz < 32
        assert spectrum.max() > 4 * np.median(spectrum)


def test_bumps_move_no_sound_in_time() -> None:
    click = np.eye(1, 4001, 2000)[0]
    for seed in range(20):
        coloured_click = bumpy(click, RATE, np.random.default_rng(seed))
        np.testing.assert_allclose(coloured_click, coloured_click[::-1], atol=1e-9)


def test_a_wandering_curve_is_smooth_and_stays_within_one() -> None:
    curve = wandering(10_000, 11, np.random.default_rng(0))
    assert np.abs(curve).max() <= 1
    assert np.ptp(curve) > 0.8
    assert np.abs(np.diff(curve, 2)).max() < 2 * (np.pi / 1000) ** 2
