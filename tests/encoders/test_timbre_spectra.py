from __future__ import annotations

import numpy as np
import pytest
import scipy.fft
from torchaudio.functional import melscale_fbanks

from echodex.encoders.timbre_spectra import (
    BANDS,
    CEPSTRA,
    HIGH_HZ,
    HOP,
    LEAST_FRAMES,
    LOW_HZ,
    SAMPLE_RATE_HZ,
    WINDOW,
    mel_filterbank,
    power_spectrum,
    spectra,
)
from echodex.schemas.vector import Float32


def tone(hz: float, seconds: float = 1.0) -> Float32:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ).astype(np.float32)


@pytest.mark.parametrize(("bands", "low_hz", "high_hz"), [(BANDS, LOW_HZ, HIGH_HZ), (26, 100.0, 8000.0)])
def test_the_filterbank_is_that_of_torchaudio(bands: int, low_hz: float, high_hz: float) -> None:
    theirs = melscale_fbanks(WINDOW // 2 + 1, low_hz, high_hz, bands, SAMPLE_RATE_HZ, norm=None, mel_scale="htk")
    ours = mel_filterbank(bands, low_hz, high_hz, WINDOW, SAMPLE_RATE_HZ)
    np.testing.assert_allclose(ours, theirs.numpy().T, atol=2e-5)
    assert (ours.max(axis=1) > 0.5).all(), "every band has a bin"


def test_power_is_that_of_a_plain_transform_of_each_frame() -> None:
    samples = np.random.default_rng(0).standard_normal(2000).astype(np.float32)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    expected = [np.abs(np.fft.rfft(samples[i : i + WINDOW] * window)) ** 2 for i in range(0, 2000 - WINDOW + 1, HOP)]
    np.testing.assert_allclose(power_spectrum(samples, WINDOW, HOP), expected, rtol=1e-3, atol=1e-3)


def test_cepstra_are_the_cosine_sums_of_the_log_spectrum() -> None:
    of = spectra(np.random.default_rng(1).standard_normal(SAMPLE_RATE_HZ).astype(np.float32))
    k, band = np.arange(CEPSTRA)[:, None], np.arange(BANDS)[None]
    basis = np.sqrt(2 / BANDS) * np.cos(np.pi * k * (2 * band + 1) / (2 * BANDS))
    basis[0] /= np.sqrt(2)
    np.testing.assert_allclose(of.cepstra, basis @ of.log_mel, atol=1e-3)
    np.testing.assert_allclose(
        of.cepstra, scipy.fft.dct(of.log_mel.astype(float), axis=0, norm="ortho")[:CEPSTRA], atol=1e-3
    )


@pytest.mark.parametrize("hz", [250.0, 1000.0, 4000.0])
def test_a_tone_peaks_in_the_band_that_holds_it_and_nowhere_else(hz: float) -> None:
    of = spectra(tone(hz))
    holds = mel_filterbank(BANDS, LOW_HZ, HIGH_HZ, WINDOW, SAMPLE_RATE_HZ)[:, round(hz * WINDOW / SAMPLE_RATE_HZ)]
    loudest = of.log_mel.mean(axis=1)
    assert loudest.argmax() == holds.argmax()
    assert loudest.max() == pytest.approx(0, abs=0.5)
    assert np.median(loudest) == pytest.approx(-50, abs=0.1), "the floor"


def test_the_cepstra_of_a_tone_do_not_change_over_time() -> None:
    steady = spectra(tone(1000.0)).cepstra
    assert steady.std(axis=1).max() < 0.5
    assert np.abs(steady.mean(axis=1)).max() > 50


def test_silence_at_either_end_is_cut_off() -> None:
    sound = np.random.default_rng(2).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    padded = np.concatenate([np.zeros(50 * HOP, np.float32), sound, np.zeros(SAMPLE_RATE_HZ, np.float32)])
    bare, cut = spectra(sound), spectra(padded)
    assert 0 <= cut.mel.shape[1] - bare.mel.shape[1] <= 2 * WINDOW // HOP
    inside = cut.mel[:, WINDOW // HOP : WINDOW // HOP + bare.mel.shape[1]]
    np.testing.assert_allclose(inside * cut.loudest, bare.mel * bare.loudest, rtol=1e-3, atol=1e-3)


def test_a_pause_within_the_clip_stays() -> None:
    sound = np.random.default_rng(3).standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    of = spectra(np.concatenate([sound, 0 * sound, sound]))
    assert of.mel.shape[1] == 1 + (3 * SAMPLE_RATE_HZ - WINDOW) // HOP
    assert (of.level < -49.9).mean() == pytest.approx(1 / 3, abs=0.02)


def test_a_short_sound_is_followed_by_silence() -> None:
    of = spectra(tone(500.0, 0.05))
    assert of.mel.shape == (BANDS, LEAST_FRAMES)
    assert of.power.shape == (LEAST_FRAMES, WINDOW // 2 + 1)
    assert len(of.samples) == (LEAST_FRAMES - 1) * HOP + WINDOW
    assert (of.level[3:] < -49.9).all()


def test_silence_and_rounding_are_the_floor() -> None:
    for quiet in (np.zeros(SAMPLE_RATE_HZ, np.float32), np.full(SAMPLE_RATE_HZ, 6e-8, np.float32)):
        of = spectra(quiet)
        assert of.loudest == 0
        np.testing.assert_allclose(of.log_mel, -50, atol=1e-4)
        assert of.weight.sum() == pytest.approx(1, abs=1e-4)
