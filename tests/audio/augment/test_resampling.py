"""Resampling by FFT: fast lengths of the right ratio, and SciPy's samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.resampling import MOST_CENTS, PAD, TOLERANCE_CENTS, fast_lengths, resampled
from echodex.errors import UsageError


def largest_prime(number: int) -> int:
    largest, prime = 1, 2
    while number > 1:
        while number % prime == 0:
            number, largest = number // prime, prime
        prime += 1
    return largest


def test_lengths_for_a_crop_of_clmr_are_short_and_fast() -> None:
    found = [fast_lengths(59_049, cents) for cents in range(-700, 701)]
    fast = [max(largest_prime(length), largest_prime(other)) <= 11 for length, other in found]
    assert sum(fast) >= 1399
    assert np.mean([length for length, _ in found]) < 1.1 * 59_049


@given(st.integers(1, 200_000), st.integers(-MOST_CENTS, MOST_CENTS))
def test_the_ratio_is_right_for_any_length(samples: int, cents: int) -> None:
    length, other = fast_lengths(samples, cents)
    assert length >= samples + PAD
    assert abs(1200 * math.log2(length / other) - cents) <= TOLERANCE_CENTS


@pytest.mark.parametrize("cents", [-MOST_CENTS - 1, MOST_CENTS + 1])
def test_more_than_two_octaves_are_refused(cents: int) -> None:
    with pytest.raises(UsageError, match="too large"):
        fast_lengths(1000, cents)


def test_rows_are_those_of_scipy_and_end_with_zeros(noise: torch.Tensor) -> None:
    cents = torch.tensor([0, 700, -700, 12, 350, -1])
    dull = scipy.signal.lfilter(scipy.signal.firwin(201, 0.5), 1, noise.double().numpy())
    faster, ratios = resampled(torch.from_numpy(dull.astype(np.float32)), cents)
    np.testing.assert_allclose(1200 * np.log2(ratios.numpy()), cents, atol=TOLERANCE_CENTS)
    for row, wanted in enumerate(cents.tolist()):
        length, other = fast_lengths(8000, wanted)
        padded = np.pad(dull[row], (0, length - 8000))
        kept = math.ceil(8000 * other / length)
        expected = scipy.signal.resample(padded, other)[:kept]
        np.testing.assert_allclose(faster[row, :kept], expected, atol=1e-5)
        assert not faster[row, kept:].any()


def test_nothing_is_left_above_the_lower_nyquist_frequency() -> None:
    time = np.arange(20_000)
    high = torch.from_numpy(np.sin(2 * np.pi * 0.45 * time).astype(np.float32))[None]
    faster, _ = resampled(high * torch.hann_window(20_000), torch.tensor([700]))
    assert float(faster.abs().max()) < 1e-3
