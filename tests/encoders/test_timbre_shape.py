from __future__ import annotations

import numpy as np
import pytest

from echodex.encoders.timbre_shape import FLOOR, bin_of, shape_tracks, tonality
from echodex.encoders.timbre_spectra import HIGH_HZ, HOP, LOW_HZ, SAMPLE_RATE_HZ, WINDOW, spectra
from echodex.schemas.vector import Float32

CENTROID, SPREAD, SKEWNESS, KURTOSIS, FLATNESS, ROLLOFF = 0, 1, 2, 3, 4, slice(5, 8)
CONTRAST, FLATNESSES, FLUX, PEAK, CROSSINGS, LEVEL = slice(8, 14), slice(14, 20), 20, 21, 22, 23


def tone(hz: float) -> Float32:
    return np.sin(2 * np.pi * hz * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ + 1).astype(np.float32)


@pytest.fixture
def noise() -> Float32:
    return np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)


def test_a_tone_is_narrow_peaky_and_where_it_is() -> None:
    tracks = shape_tracks(spectra(tone(1000.0)))
    assert tracks.shape == (24, 1 + (SAMPLE_RATE_HZ - WINDOW) // HOP)
    mean = tracks.mean(axis=1)
    assert np.exp(mean[CENTROID]) == pytest.approx(1.0, rel=0.01), "kHz"
    assert np.exp(mean[ROLLOFF]) == pytest.approx([1.0, 1.03, 1.03], abs=0.04)
    assert mean[FLATNESS] < -8
    assert mean[PEAK] > 4
    assert mean[FLUX] < 0.05
    assert mean[CROSSINGS] * SAMPLE_RATE_HZ == pytest.approx(2000, rel=0.03)


def test_white_noise_is_flat_wide_and_restless(noise: Float32) -> None:
    mean = shape_tracks(spectra(noise)).mean(axis=1)
    assert np.exp(mean[CENTROID]) == pytest.approx((LOW_HZ + HIGH_HZ) / 2000, rel=0.05)
    assert np.exp(mean[SPREAD]) == pytest.approx((HIGH_HZ - LOW_HZ) / 1000 / np.sqrt(12), rel=0.05)
    assert mean[SKEWNESS] == pytest.approx(0, abs=0.1)
    assert mean[FLATNESS] == pytest.approx(-np.euler_gamma, abs=0.1), (
        "log of geometric over arithmetic mean of chi^2(2)"
    )
    assert mean[FLUX] > 0.3


def test_moments_of_the_spectrum_are_those_of_a_histogram(noise: Float32) -> None:
    of = spectra(np.convolve(noise, [1, 0.9, 0.5, 0.2], "same").astype(np.float32))
    low, high = bin_of(LOW_HZ) + 1, bin_of(HIGH_HZ) + 1
    power = of.power[30, low:high].astype(float) + FLOOR
    khz = np.arange(low, high) * SAMPLE_RATE_HZ / WINDOW / 1000
    share = power / power.sum()
    mean = (share * khz).sum()
    deviation = np.sqrt((share * (khz - mean) ** 2).sum())
    expected = [
        np.log(mean),
        np.log(deviation),
        (share * (khz - mean) ** 3).sum() / (deviation**3 + 1e-2),
        np.log1p((share * (khz - mean) ** 4).sum() / (deviation**4 + 1e-2)),
    ]
    tracks = shape_tracks(of)[:, 30]
    np.testing.assert_allclose(tracks[:4], expected, rtol=5e-3, atol=5e-3)
    below = np.cumsum(share)
    np.testing.assert_allclose(
        np.exp(tracks[ROLLOFF]), [khz[np.argmax(below >= q)] for q in (0.5, 0.85, 0.95)], rtol=0.02
    )


def test_contrast_and_flatness_know_which_band_the_tone_is_in(noise: Float32) -> None:
    mean = shape_tracks(spectra(tone(1100.0) + 0.01 * noise)).mean(axis=1)
    assert mean[CONTRAST].argmax() == 3, "800 to 1600 Hz"
    assert mean[FLATNESSES].argmin() == 3


def test_hiss_in_a_pause_does_not_cross_zero(noise: Float32) -> None:
    pause = np.concatenate([tone(500.0), 1e-4 * noise, tone(500.0)])
    crossings = shape_tracks(spectra(pause))[CROSSINGS]
    assert crossings[110:190].max() == 0


def test_tonality_tells_partials_from_noise(noise: Float32) -> None:
    chord = sum(tone(hz) for hz in (220.0, 450.0, 930.0, 1900.0, 3700.0))
    assert isinstance(chord, np.ndarray)
    tonal, noisy = tonality(chord), tonality(noise)
    assert tonal.shape == noisy.shape == (72,)
    assert (tonal[:12] > 2).sum() == 5, "log of arithmetic over geometric mean: one band for each partial"
    assert (noisy[:12] < 1).all()
    assert (tonal[24:36] > 4).sum() == 5, "a peak over the mean"
    assert tonal[48:60].mean() < 0.2 * noisy[48:60].mean(), "partials stay where they are"
