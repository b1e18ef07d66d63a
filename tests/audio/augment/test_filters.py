"""High-pass and low-pass against SciPy's window design and a plain convolution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.filters import ZEROS, HighLowPass, convolved, low_pass_kernels
from echodex.audio.augment.rng import BatchRng
from echodex.errors import UsageError

RATE = 22_050
MakeRng = Callable[[int], BatchRng]


@pytest.mark.parametrize("cutoff_hz", [200, 1200, 2200, 4000])
def test_kernels_are_those_of_scipy(cutoff_hz: int) -> None:
    half = int(ZEROS / 2 / (cutoff_hz / RATE))
    expected = scipy.signal.firwin(2 * half + 1, cutoff_hz, window="hann", fs=RATE)
    kernel = low_pass_kernels(torch.tensor([cutoff_hz / RATE], dtype=torch.float64), half + 7)[0]
    np.testing.assert_allclose(kernel, np.pad(expected, 7), atol=1e-7)


@given(st.integers(1, 3000), st.integers(0, 60), st.integers(1, 3))
def test_convolution_is_that_of_numpy(samples: int, half: int, rows: int) -> None:
    random = np.random.default_rng(samples)
    waveforms = random.standard_normal((rows, samples)).astype(np.float32)
    kernels = random.standard_normal((rows, 2 * half + 1)).astype(np.float32) / (half + 1)
    padded = np.pad(waveforms, ((0, 0), (half, half)), mode="edge").astype(np.float64)
    expected = [np.convolve(row, kernel, mode="valid") for row, kernel in zip(padded, kernels, strict=True)]
    found = convolved(torch.from_numpy(waveforms), torch.from_numpy(kernels))
    np.testing.assert_allclose(found, expected, atol=2e-5)


def test_each_clip_is_filtered_at_its_cutoff_from_above_or_below(rng: MakeRng) -> None:
    click = torch.zeros(400, 4096)
    click[:, 2048] = 1
    filtered = HighLowPass(RATE, (900, 900), (3000, 3000))(click, rng(400)).double()
    gains_db = 20 * np.log10(np.abs(np.fft.rfft(filtered.numpy())) + 1e-9)
    high = gains_db[:, 0] < -60
    assert 160 < high.sum() < 240
    frequencies_hz = np.fft.rfftfreq(4096, 1 / RATE)

    def at(rows: np.ndarray, hz: float) -> np.ndarray:
        return np.asarray(gains_db[rows, np.abs(frequencies_hz - hz).argmin()])

    np.testing.assert_allclose(at(high, 900), -6, atol=0.3)
    np.testing.assert_allclose(at(~high, 3000), -6, atol=0.3)
    for rows, passed_hz, stopped_hz in ((high, 1350, 450), (~high, 2000, 4200)):
        np.testing.assert_allclose(at(rows, passed_hz), 0, atol=0.15)
        assert (at(rows, stopped_hz) < -40).all()


def test_cutoffs_are_whole_hertz_of_the_published_ranges(rng: MakeRng) -> None:
    click = torch.zeros(300, 4096)
    click[:, 2048] = 1
    response = np.abs(np.fft.rfft(HighLowPass(RATE)(click, rng(300)).double().numpy()))
    crossing_hz = np.fft.rfftfreq(4096, 1 / RATE)[np.diff(response > 0.5, axis=1).argmax(axis=1)]
    low = response[:, 0] > 0.5
    assert (np.abs(crossing_hz[~low] - 700) < 515).all()
    assert (np.abs(crossing_hz[low] - 3100) < 915).all()
    assert crossing_hz[low].std() > 350
    assert crossing_hz[~low].std() > 200


@pytest.mark.parametrize(("rate_hz", "low", "high"), [(7999, 200, 4000), (22_050, 0, 4000)])
def test_cutoffs_beyond_half_the_rate_are_refused(rate_hz: int, low: int, high: int) -> None:
    with pytest.raises(UsageError, match="do not fit a rate"):
        HighLowPass(rate_hz, (low, 1200), (2200, high))


def test_a_constant_passes_a_low_pass_up_to_its_ends(rng: MakeRng) -> None:
    constant = torch.full((8, 3000), 0.3)
    filtered = HighLowPass(RATE)(constant, rng(8))
    low = filtered[:, 1500] > 0.1
    assert 0 < low.sum() < 8
    torch.testing.assert_close(filtered[low], constant[low])
    torch.testing.assert_close(filtered[~low], torch.zeros_like(constant[~low]), atol=1e-5, rtol=0)
