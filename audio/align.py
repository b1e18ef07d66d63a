"""Laying one waveform on another: where it starts, how loud it is, and how much of it the other does not explain.

Two files of the same recording (re-encoded, re-levelled, cropped, at another rate) leave a residual of about -10 dB or
less; two recordings of the same work, however alike they sound, stay near 0 dB, for their waveforms are not coherent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from ..schemas.arrays import Float32
from ..schemas.hit import Alignment

Int64 = NDArray[np.int64]

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
_TAPS = 128
_STEPS = 64
_TINY = float(np.finfo(np.float32).tiny)


def align(reference: Float32, other: Float32, sample_rate_hz: int) -> Alignment:
    """Return how `other` float32[m] lies on `reference` float32[n], both at `sample_rate_hz`; polarity may be inverted.

    The lag is that of the highest coherence (squared correlation over the energies of the overlap), found by FFT. Then
    the overlap alone is compared: refined to a fraction of a sample, with the least-squares gain. Both steps see only
    the bands that both have. Where one of them is empty or silent, nothing is explained: a residual of 0 dB.
    """
    shortest = min(len(reference), len(other))
    if shortest == 0 or not reference.any() or not other.any():
        return Alignment(0.0, 0.0, 0.0, shortest / sample_rate_hz)
    lag = _best_lag(reference, other, sample_rate_hz)
    start, stop = max(lag, 0), min(lag + len(other), len(reference))
    compared = _compared(reference[start:stop], other[start - lag : stop - lag], sample_rate_hz)
    fraction, peak = _refined(compared.correlation, 0)
    unexplained = 1.0 - peak * peak / max(compared.energy_reference * compared.energy_other, _TINY)
    gain = abs(peak) / max(compared.energy_reference, _TINY)
    return Alignment(
        offset_s=(lag + fraction) / sample_rate_hz,
        gain_db=20 * float(np.log10(max(gain, 1e-6))),
        residual_db=10 * float(np.log10(max(unexplained, 10 ** (LOWEST_RESIDUAL_DB / 10)))),
        overlap_s=(stop - start) / sample_rate_hz,
    )


def _best_lag(reference: Float32, other: Float32, rate_hz: int) -> int:
    """Return the frame of `reference` at which `other` starts, negative where it starts before."""
    n, m = len(reference), len(other)
    size = next_fast_len(n + m, real=True)
    mask = _shared_bands(rfft(reference, size), rfft(other, size), rate_hz / size)
    reference = irfft(rfft(reference, size) * mask, size)[:n]
    other = irfft(rfft(other, size) * mask, size)[:m]
    correlation = irfft(rfft(reference, size) * np.conj(rfft(other, size)), size)
    least = max(int(MIN_OVERLAP * min(n, m)), 1)
    lags = np.arange(least - m, n - least + 1)
    start, stop = np.maximum(lags, 0), np.minimum(lags + m, n)
    energies = _energy_between(reference, start, stop) * _energy_between(other, start - lags, stop - lags)
    coherence = np.square(correlation[lags], dtype=np.float64) / np.maximum(energies, _TINY)
    return int(lags[np.argmax(coherence + _TIE * (stop - start) / min(n, m))])


def _energy_between(samples: Float32, start: Int64, stop: Int64) -> NDArray[np.float64]:
    summed = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    between: NDArray[np.float64] = summed[stop] - summed[start]
    return between


@dataclass(frozen=True)
class _Compared:
    """What two waveforms of equal length share, within the bands that both have.

    correlation: float32[lags], negative lags at the end; the energies are in the same unit.
    """

    correlation: Float32
    energy_reference: float
    energy_other: float


def _compared(reference: Float32, other: Float32, rate_hz: int) -> _Compared:
    size = next_fast_len(len(reference) + _TAPS, real=True)
    first, second = rfft(reference, size), rfft(other, size)
    mask = _shared_bands(first, second, rate_hz / size)
    return _Compared(
        irfft(first * np.conj(second) * mask, size),
        float(irfft(np.square(np.abs(first)) * mask, size)[0]),
        float(irfft(np.square(np.abs(second)) * mask, size)[0]),
    )


def _shared_bands(first: NDArray[np.complex64], second: NDArray[np.complex64], bin_hz: float) -> Float32:
    """Return float32[bins]: 1 in the bands that are strong in both spectra, 0 elsewhere; all 1 where there are none."""
    bands = min(max(int(len(first) * bin_hz / BAND_HZ), 1), len(first))
    edges = np.linspace(0, len(first), bands + 1).astype(np.int64)
    shared = edges[:-1] * bin_hz >= LOWEST_HZ
    for spectrum in (first, second):
        power = np.add.reduceat(np.square(np.abs(spectrum)), edges[:-1]) / np.diff(edges)
        strongest = power[shared].max(initial=0.0)
        shared = shared & (power > strongest * 10 ** (FLOOR_DB / 10))
    return np.repeat((shared if shared.any() else ~shared).astype(np.float32), np.diff(edges))


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
