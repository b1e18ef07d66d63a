"""Responses of loudspeakers and microphones that never were: a band, and resonances within it.

A device's gain is drawn over frequency and turned into the response that has it and comes as early as can be (of
minimum phase, by the cepstrum: Oppenheim and Schafer, "Discrete-Time Signal Processing", section 13.5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

FFT = 4096
LOWEST_DB = -50.0
"""Gains below are raised to it: the cepstrum of nothing is infinite."""


def device_response(samples: Float64, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[n]: float64[n] as heard through a device of its own."""
    frequency_hz = np.fft.rfftfreq(FFT, 1 / sample_rate_hz).astype(np.float64)
    response = minimum_phase(np.maximum(_gain_db(frequency_hz, random), LOWEST_DB))
    length = 2 * max(len(samples), FFT)
    heard = np.fft.irfft(np.fft.rfft(samples, length) * np.fft.rfft(response, length))
    return np.asarray(heard[: len(samples)])


def minimum_phase(gain_db: Float64) -> Float64:
    """Return float64[FFT]: the minimum-phase response whose gains are float64[FFT / 2 + 1]."""
    cepstrum = np.fft.irfft(np.log(10) / 20 * gain_db, FFT)
    folded = np.zeros(FFT)
    folded[0], folded[FFT // 2] = cepstrum[0], cepstrum[FFT // 2]
    folded[1 : FFT // 2] = 2 * cepstrum[1 : FFT // 2]
    return np.asarray(np.fft.irfft(np.exp(np.fft.rfft(folded)), FFT))


def _gain_db(frequency_hz: Float64, random: np.random.Generator) -> Float64:
    """Return float64[k]: steep below a lower and above an upper frequency, tilted, with bumps and dips in between."""
    octaves = np.log2(np.maximum(frequency_hz, 20.0) / 1000)
    low, high = np.log2(random.uniform(0.06, 0.5)), np.log2(random.uniform(1.8, 5.0))
    slope_low, slope_high = random.uniform(6, 24), random.uniform(12, 48)
    gain = -slope_low * np.maximum(low - octaves, 0) - slope_high * np.maximum(octaves - high, 0)
    gain += random.uniform(-3, 3) * octaves
    for _ in range(random.integers(2, 9)):
        centre, width = random.uniform(-3.5, 2.0), random.uniform(0.08, 0.7)
        gain += random.uniform(-8, 8) * np.exp(-0.5 * ((octaves - centre) / width) ** 2)
    return np.asarray(gain)
