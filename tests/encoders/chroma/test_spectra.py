from __future__ import annotations

import numpy as np
import pytest

from echodex.encoders.chroma.spectra import HOP, LOWEST, NOTES, SAMPLE_RATE_HZ, WINDOW, amplitudes, bands, peaks
from echodex.schemas.vector import Float32


def tone(note: float, seconds: float = 2.0, cents: float = 0.0) -> Float32:
    hz = 440 * 2 ** ((note + cents / 100 - 69) / 12)
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ).astype(np.float32)


def test_bands_are_means_of_neighbouring_bins_around_each_note() -> None:
    filters = bands(0).toarray()
    assert filters.shape == (NOTES, WINDOW // 2 + 1)
    np.testing.assert_allclose(filters.sum(axis=1), 1, rtol=1e-5)
    centre_hz = (filters * np.arange(WINDOW // 2 + 1)).sum(axis=1) * SAMPLE_RATE_HZ / WINDOW
    midi = 69 + 12 * np.log2(centre_hz / 440)
    np.testing.assert_allclose(midi[24:], LOWEST + np.arange(24, NOTES), atol=0.15)
    assert bands(0, 5).shape == (5 * NOTES, WINDOW // 2 + 1)


@pytest.mark.parametrize(("note", "cents"), [(52, 0), (60, 0), (69, 30), (81, -45), (95, 0)])
def test_a_tone_is_strongest_at_its_note_when_the_bands_are_tuned_as_it_is(note: int, cents: int) -> None:
    strength = amplitudes(tone(note, cents=cents), bands(cents), HOP)
    assert strength.shape == (1 + 2 * SAMPLE_RATE_HZ // HOP, NOTES)
    inner = strength[4:-4]
    assert (inner.argmax(axis=1) == note - LOWEST).all()
    assert inner[:, note - LOWEST].std() < 1e-3 * inner.max()


def test_a_frame_is_the_spectrum_around_its_moment() -> None:
    samples = np.random.default_rng(0).standard_normal(9000).astype(np.float32)
    strength = amplitudes(samples, bands(0), HOP)
    middle = samples[10 * HOP - WINDOW // 2 : 10 * HOP + WINDOW // 2].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(WINDOW + 1)[:-1] * 2 / WINDOW)) ** 2
    np.testing.assert_allclose(strength[10], np.sqrt(bands(0).toarray() @ spectrum), rtol=1e-3)


def test_peaks_stand_out_from_their_neighbours_at_any_level() -> None:
    strength = amplitudes(tone(64) + np.float32(0.1) * tone(71), bands(0), HOP)
    found = peaks(strength, 9)
    assert found.min() == 0
    assert set(np.argsort(found[20])[-2:] + LOWEST) == {64, 71}
    np.testing.assert_allclose(peaks(strength * np.float32(0.003), 9), found, atol=1e-4)
    level = np.full((3, NOTES), 0.2, np.float32)
    np.testing.assert_allclose(peaks(level, 9), 0, atol=1e-5)
    assert not peaks(np.zeros((3, NOTES), np.float32), 9).any()
