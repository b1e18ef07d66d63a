"""The arithmetic under every instrument: sums of partials, vibrato, fades and levels.

Everything is NumPy on whole arrays. Randomness comes only from a Generator that the caller passes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

BLOCK = 256
"""Frames per block of `partials`."""
HIGHEST = 0.45
"""Highest partial, as a share of the sample rate: none aliases."""


def tone(frequency_hz: float, seconds: float, sample_rate_hz: int = 16_000, *, amplitude: float = 0.5) -> Float32:
    """Return a sine with 10 ms fades: float32[n], the plainest sound there is."""
    time_s = np.arange(frames(seconds, sample_rate_hz)) / sample_rate_hz
    sine = amplitude * np.sin(2 * np.pi * frequency_hz * time_s)
    return fade(sine, sample_rate_hz, 0.01, 0.01).astype(np.float32)


def frames(seconds: float, sample_rate_hz: int) -> int:
    """Return the number of frames nearest to `seconds`, at least one."""
    return max(round(seconds * sample_rate_hz), 1)


def partials(
    frequencies_hz: ArrayLike, amplitudes: ArrayLike, decays_per_s: ArrayLike, count: int, sample_rate_hz: int
) -> Float64:
    """Return float64[count]: the sum of damped sines a e^(-d t) sin(2 pi f t), one per entry of the three arrays [p].

    With n = B i + j each term splits into a factor of i and a factor of j, so the whole sum is one matrix product.
    Partials above `HIGHEST` of the sample rate are left out. Complex amplitudes carry phases.
    """
    frequency, decay = np.asarray(frequencies_hz, float), np.asarray(decays_per_s, float)
    heard = frequency < HIGHEST * sample_rate_hz
    exponent = ((2j * np.pi * frequency - decay) / sample_rate_hz)[heard]
    coarse = np.exp(np.outer(np.arange(-(-count // BLOCK)) * BLOCK, exponent)) * np.asarray(amplitudes)[heard]
    fine = np.exp(np.outer(exponent, np.arange(BLOCK)))
    return np.ascontiguousarray((coarse @ fine).imag.reshape(-1)[:count])


def harmonics(phase: Float64, amplitudes: ArrayLike) -> Float64:
    """Return float64[n]: the sum of a_k sin(k phase) for k = 1, 2, ..., by Horner's rule in e^(i phase).

    phase: float64[n], radians, whatever the vibrato; amplitudes: [k], real or complex (a phase each).
    """
    turn = np.exp(1j * np.mod(phase, 2 * np.pi)).astype(np.complex64)
    total = np.zeros_like(turn)
    for amplitude in np.asarray(amplitudes, np.complex64)[::-1]:
        total += amplitude
        total *= turn
    return total.imag.astype(np.float64)


def vibrato(frequency_hz: float, count: int, sample_rate_hz: int, rate_hz: float, depth_cents: float) -> Float64:
    """Return the phase, float64[count] in radians, of a pitch that comes to waver by `depth_cents` over 0.4 s."""
    time_s = np.arange(count) / sample_rate_hz
    depth = depth_cents * np.minimum(time_s / 0.4, 1.0)
    pitch_hz = frequency_hz * 2 ** (depth * np.sin(2 * np.pi * rate_hz * time_s) / 1200)
    return 2 * np.pi * np.cumsum(pitch_hz) / sample_rate_hz


def harmonic_count(frequency_hz: float, sample_rate_hz: int, most: int = 32) -> int:
    """Return how many harmonics of a pitch fit below `HIGHEST` of the sample rate, at most `most`, at least one."""
    return int(np.clip(HIGHEST * sample_rate_hz / frequency_hz, 1, most))


def random_phases(count: int, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Return complex128[count] of modulus one."""
    phases: NDArray[np.complex128] = np.exp(2j * np.pi * rng.random(count))
    return phases


def fade(samples: NDArray[np.floating], sample_rate_hz: int, attack_s: float, release_s: float) -> Float64:
    """Return the samples with a raised-cosine rise and fall; a fade longer than half the clip is shortened to half."""
    faded = np.array(samples, dtype=np.float64)
    half = len(faded) // 2
    for seconds, edge in ((attack_s, slice(None)), (release_s, slice(None, None, -1))):
        count = min(int(seconds * sample_rate_hz), half)
        faded[edge][:count] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / max(count, 1))
    return faded


def to_peak(samples: NDArray[np.floating], peak_db: float = 0.0) -> Float32:
    """Return the samples scaled to a largest magnitude of `peak_db` re full scale; silence stays."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return (np.asarray(samples) * (10 ** (peak_db / 20) / peak if peak else 1.0)).astype(np.float32)
