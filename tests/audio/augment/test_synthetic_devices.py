"""Synthetic devices: responses that have the gains asked for, and come as early as can be."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal

from echodex.audio.augment.synthetic_devices import FFT, device_response, minimum_phase


@pytest.mark.parametrize("order", [1, 3])
def test_it_is_the_filter_of_minimum_phase_with_those_gains(order: int) -> None:
    """All zeros and poles lie within the unit circle, so the gains alone must give back the response."""
    zeros, poles = np.poly([0.9, -0.5, 0.3][:order]), np.poly([0.6, 0.2, -0.7][:order])
    impulse = np.eye(1, FFT)[0]
    expected = scipy.signal.lfilter(zeros, poles, impulse)
    gains_db = 20 * np.log10(np.abs(np.fft.rfft(expected)))
    np.testing.assert_allclose(minimum_phase(gains_db), expected, atol=1e-9)


def test_devices_differ_and_are_bands_with_bumps() -> None:
    responses = [device_response(np.eye(1, 4000)[0], 8000, np.random.default_rng(seed)) for seed in range(40)]
    gains_db = 20 * np.log10(np.abs(np.fft.rfft(responses)) + 1e-9)  # of bins of 2 Hz
    middle = gains_db[:, 250:900]
    assert np.abs(middle).max() < 40
    assert (middle.std(axis=1) > 0.5).mean() > 0.9
    assert (gains_db[:, :25].mean(axis=1) < middle.mean(axis=1) - 6).mean() > 0.7  # little below 50 Hz
    assert np.abs(np.corrcoef(middle)[np.triu_indices(40, 1)]).mean() < 0.6


def test_what_sounded_stays_in_its_place() -> None:
    clicks = np.zeros(4000)
    clicks[[100, 2100]] = 1
    heard = device_response(clicks, 8000, np.random.default_rng(1))
    assert np.abs(heard[:100]).max() < 1e-6
    np.testing.assert_allclose(heard[100:600], heard[2100:2600], atol=0.02)
    power = heard[100:2100] ** 2
    assert power[:80].sum() > 0.6 * power.sum()
