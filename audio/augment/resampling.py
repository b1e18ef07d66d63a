"""Other sample rates by FFT: the spectrum of a padded waveform, cut off or filled up, and transformed back.

This is interpolation by the sinc itself: what lies below the lower of the two Nyquist frequencies stays as it is,
nothing above is left, and no kernel is cut short. The two lengths of the transforms set the ratio; they are chosen
among the even products of 2, 3, 5, 7 and 11, for which FFTs are fast.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from functools import lru_cache

import torch
from torch import Tensor

from ...errors import UsageError

TOLERANCE_CENTS = 0.5
"""How far from the wanted ratio the lengths may be: a tenth of what a trained ear tells apart."""

PAD = 256
"""Zeros, in samples, between the end of a waveform and, around the corner, its start: its ringing fades there."""

MOST_CENTS = 2400
"""The largest change, up or down: two octaves."""


def fast_lengths(samples: int, cents: int) -> tuple[int, int]:
    """Return two lengths of FFTs, the first at least samples + PAD, with a ratio within TOLERANCE_CENTS of `cents`.

    Raises UsageError beyond MOST_CENTS.
    """
    if abs(cents) > MOST_CENTS:
        raise UsageError(f"a shift by {cents} cents is too large; choose one from -{MOST_CENTS} to {MOST_CENTS}")
    ratio = 2 ** (cents / 1200)
    shortest = samples + PAD
    known = _products(2 ** math.ceil(math.log2(8 * shortest)))
    for length in known[bisect_left(known, shortest) : bisect_left(known, 2 * shortest)]:
        at = bisect_left(known, length / ratio)
        for other in known[max(at - 1, 0) : at + 1]:
            if abs(math.log2(length / other) * 1200 - cents) <= TOLERANCE_CENTS:
                return length, other
    length = max(shortest, 2**14)  # products lie too far apart: any lengths, so long that rounding does not matter
    return length, round(length / ratio)


@lru_cache(maxsize=8)
def _products(limit: int) -> list[int]:
    """Return the even products of 2, 3, 5, 7 and 11 up to `limit`, sorted."""
    products = [2]
    for prime in (2, 3, 5, 7, 11):
        powers = [prime**power for power in range(limit.bit_length())]
        products = [product * power for product in products for power in powers if product * power <= limit]
    return sorted(products)


def resampled(waveforms: Tensor, cents: Tensor) -> tuple[Tensor, Tensor]:
    """Return each row played faster, so that it sounds higher by `cents` (int64[b]), and by what ratios (float64[b]).

    Of float32[b, n] a row becomes its first ceil(n / ratio) samples; the rows of the result, float32[b, m], end with
    zeros.
    """
    n = waveforms.shape[1]
    lengths = [fast_lengths(n, wanted) for wanted in cents.tolist()]
    kept = [math.ceil(n * other / length) for length, other in lengths]
    faster = waveforms.new_zeros(len(waveforms), max(kept))
    for row, ((length, other), samples) in enumerate(zip(lengths, kept, strict=True)):
        spectrum = torch.fft.rfft(waveforms[row], n=length)
        faster[row, :samples] = torch.fft.irfft(spectrum, n=other)[:samples] * (other / length)
    ratios = [length / other for length, other in lengths]
    return faster, torch.tensor(ratios, dtype=torch.float64, device=waveforms.device)
