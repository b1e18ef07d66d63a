"""Laying one waveform on another: where it starts, how loud it is, and how much of it the other does not explain.

Two files of the same recording (re-encoded, re-levelled, cropped, at another rate) leave a residual of about -10 dB or
less; two recordings of the same work, however alike they sound, stay near 0 dB, for their waveforms are not coherent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from ..schemas.hit import Alignment
from ..schemas.vector import Float32

BAND_HZ = 100.0
LOWEST_HZ = 60.0
"""Below lie offset, hum and rumble, which lie alike on anything."""
FLOOR_DB = -40.0
"""Bands this far below the strongest one of either waveform are left out: a codec or a lower rate took them away."""
MIN_OVERLAP = 0.5
"""Share of the shorter waveform that must lie on the other."""
LOWEST_RESIDUAL_DB = -120.0

_TIE = 1e-3
"""What a full overlap is worth in coherence: decides between the repetitions of a periodic sound."""
_TAPS = 32
_STEPS = 64


def align(reference: Float32, other: Float32, sample_rate_hz: int) -> Alignment:
    """Return how `other` float32[m] lies on `reference` float32[n], both at `sample_rate_hz`; polarity may be inverted.

    The lag is that of the highest coherence (squared correlation over the energies of the overlap), found by FFT and
    refined to a fraction of a sample; the gain is the least-squares one. Only bands that both have are compared.
    Where one of them is empty or silent, nothing is explained: a residual of 0 dB.
    """
    shortest = min(len(reference), len(other))
    if shortest == 0 or not reference.any() or not other.any():
        return Alignment(0.0, 0.0, 0.0, shortest / sample_rate_hz)
    reference, other, correlation = _compared(reference, other, sample_rate_hz)
    lags, overlaps, energy_reference, energy_other = _overlaps(reference, other)
    energies = np.maximum(energy_reference * energy_other, np.finfo(np.float32).tiny)
    coherence = np.square(correlation[lags], dtype=np.float64) / energies
    best = int(np.argmax(coherence + _TIE * overlaps / shortest))
    fraction, peak = _refined(correlation, int(lags[best]))
    unexplained = 1.0 - peak * peak / energies[best]
    gain = abs(peak) / max(energy_reference[best], np.finfo(np.float32).tiny)
    return Alignment(
        offset_s=(int(lags[best]) + fraction) / sample_rate_hz,
        gain_db=20 * float(np.log10(max(gain, 1e-6))),
        residual_db=10 * float(np.log10(max(unexplained, 10 ** (LOWEST_RESIDUAL_DB / 10)))),
        overlap_s=int(overlaps[best]) / sample_rate_hz,
    )


def _compared(reference: Float32, other: Float32, rate_hz: int) -> tuple[Float32, Float32, Float32]:
    """Return both waveforms within their shared bands, and their correlation at every lag, negative ones at the end."""
    size = next_fast_len(len(reference) + len(other), real=True)
    mask = _shared_bands(rfft(reference, size), rfft(other, size), rate_hz / size)
    reference = irfft(rfft(reference, size) * mask, size)[: len(reference)]
    other = irfft(rfft(other, size) * mask, size)[: len(other)]
    return reference, other, irfft(rfft(reference, size) * np.conj(rfft(other, size)), size)


def _shared_bands(first: NDArray[np.complex64], second: NDArray[np.complex64], bin_hz: float) -> Float32:
    """Return float32[bins]: 1 in the bands that are strong in both spectra, 0 elsewhere; all 1 where there are none."""
    bands = max(int(len(first) * bin_hz / BAND_HZ), 1)
    edges = np.linspace(0, len(first), bands + 1).astype(np.int64)
    shared = edges[:-1] * bin_hz >= LOWEST_HZ
    for spectrum in (first, second):
        power = np.add.reduceat(np.square(np.abs(spectrum)), edges[:-1]) / np.diff(edges)
        strongest = power[shared].max(initial=0.0)
        shared = shared & (power > strongest * 10 ** (FLOOR_DB / 10))
    return np.repeat((shared if shared.any() else ~shared).astype(np.float32), np.diff(edges))


def _overlaps(reference: Float32, other: Float32) -> tuple[NDArray[np.int64], ...]:
    """Return (lags, overlaps, energy of the reference, energy of the other within them), one entry per allowed lag."""
    n, m = len(reference), len(other)
    least = max(int(MIN_OVERLAP * min(n, m)), 1)
    lags = np.arange(least - m, n - least + 1)
    start, stop = np.maximum(lags, 0), np.minimum(lags + m, n)
    of_reference = np.concatenate([[0.0], np.cumsum(np.square(reference, dtype=np.float64))])
    of_other = np.concatenate([[0.0], np.cumsum(np.square(other, dtype=np.float64))])
    return lags, stop - start, of_reference[stop] - of_reference[start], of_other[stop - lags] - of_other[start - lags]


def _refined(correlation: Float32, lag: int) -> tuple[float, float]:
    """Return (fraction, peak): where within a sample of `lag` the correlation is largest in magnitude, and its value.

    Between samples it is interpolated by a windowed sinc: what went through another rate is rarely whole samples late.
    """
    offsets = np.arange(-_TAPS, _TAPS + 1)
    near = correlation[(lag + offsets) % len(correlation)].astype(np.float64)
    fractions = np.linspace(-1.0, 1.0, 2 * _STEPS + 1)
    distance = fractions[:, None] - offsets[None, :]
    window = np.cos(np.clip(distance / (_TAPS + 2), -1, 1) * np.pi / 2) ** 2
    values = (np.sinc(distance) * window) @ near
    best = int(np.argmax(np.abs(values)))
    return float(fractions[best]), float(values[best])
