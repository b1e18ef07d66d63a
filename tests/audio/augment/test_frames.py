"""Lengths of frames: of the right ratio, fast for an FFT, and as long as the ear wants them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.frames import LONGEST, MOST_CENTS, SHORTEST, TOLERANCE_CENTS, frames_for, hop_samples
from echodex.errors import UsageError


def largest_prime(number: int) -> int:
    largest, prime = 1, 2
    while number > 1:
        while number % prime == 0:
            number, largest = number // prime, prime
        prime += 1
    return largest


@given(st.integers(16, 4000), st.integers(-MOST_CENTS, MOST_CENTS))
def test_lengths_are_even_fast_and_of_a_few_hops(hop: int, cents: int) -> None:
    frames = frames_for(cents, hop)
    assert SHORTEST * hop <= frames.result <= LONGEST * hop
    for length in (frames.source, frames.result):
        assert length % 2 == 0
        assert largest_prime(length) <= 13
    assert frames.bins == min(frames.source, frames.result) // 2 + 1


def test_the_ratio_is_right_at_the_rate_of_clmr() -> None:
    hop = hop_samples(22_050)
    shifts = range(-700, 701)
    found = [frames_for(cents, hop) for cents in shifts]
    off_cents = np.abs([1200 * math.log2(frames.source / frames.result) for frames in found] - np.array(shifts))
    assert off_cents.max() < 2.1
    assert np.mean(off_cents <= TOLERANCE_CENTS) > 0.8


def test_no_shift_reads_what_it_writes() -> None:
    frames = frames_for(0, 926)
    assert frames.source == frames.result


@pytest.mark.parametrize("cents", [-MOST_CENTS - 1, MOST_CENTS + 1])
def test_more_than_two_octaves_are_refused(cents: int) -> None:
    with pytest.raises(UsageError, match="too large"):
        frames_for(cents, 926)


@pytest.mark.parametrize(("rate_hz", "hop"), [(22_050, 926), (16_000, 672), (44_100, 1852), (100, 16)])
def test_frames_last_about_as_long_at_every_rate(rate_hz: int, hop: int) -> None:
    assert hop_samples(rate_hz) == hop
