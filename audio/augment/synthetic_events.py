"""Noises that come one at a time: knocks and clicks, crackling and rain, calls and alarms."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from .synthetic_textures import bumpy, hiss, wandering

Float64 = NDArray[np.float64]

KNOCK_S = 0.4
"""Length of one knock; by then the slowest has faded by 35 dB."""


def knocks(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: up to 8 a second of one kind of struck thing; steps, keys, dishes, hammers, doors."""
    return _struck(samples, sample_rate_hz, np.exp(random.uniform(np.log(0.7), np.log(8))), random)


def crackling(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: 20 to 600 small knocks a second; fire, rain on leaves, applause, frying."""
    return _struck(samples, sample_rate_hz, np.exp(random.uniform(np.log(20), np.log(600))), random)


def calls(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: short tones with partials that glide, of one kind; birds, animals, horns, alarms."""
    count = max(1, random.poisson(samples / sample_rate_hz * random.uniform(0.7, 6)))
    middle_hz = np.exp(random.uniform(np.log(200), np.log(2500)))
    length_s, glide, rough = random.uniform(0.05, 0.8), random.uniform(0, 0.5), random.uniform(0, 0.4)
    slope_db = random.uniform(-15, 0)
    total = 10 ** (random.uniform(-50, -15) / 20) * hiss(samples, sample_rate_hz, random)
    for _ in range(count):
        long = min(samples, int(length_s * random.uniform(0.6, 1.4) * sample_rate_hz))
        pitch_hz = middle_hz * random.uniform(0.8, 1.25) * 2 ** (glide * wandering(long, 4, random))
        angle = 2 * np.pi * np.cumsum(pitch_hz * (1 + 0.1 * rough * random.standard_normal(long))) / sample_rate_hz
        partials = range(1, min(12, int(sample_rate_hz / 2 / pitch_hz.max())) + 1)
        tone = sum((10 ** (slope_db * np.log2(number) / 20) * np.sin(number * angle) for number in partials), 0.0)
        start = random.integers(0, samples - long + 1)
        total[start : start + long] += 10 ** (random.normal(0, 3) / 20) * np.sin(np.linspace(0, np.pi, long)) * tone
    return total


def _struck(samples: int, sample_rate_hz: int, per_second: float, random: np.random.Generator) -> Float64:
    """Return float64[samples]: one knock, again and again at random times and of random strengths, over a hiss."""
    count = max(1, random.poisson(samples / sample_rate_hz * per_second))
    hits = np.zeros(samples)
    np.add.at(hits, random.integers(0, samples, count), random.choice([-1, 1], count) * random.lognormal(0, 0.8, count))
    sound = scipy.signal.fftconvolve(hits, _knock(sample_rate_hz, random))[:samples]
    floor = 10 ** (random.uniform(-55, -8) / 20) * np.sqrt(np.mean(sound**2))
    return np.asarray(sound + floor * hiss(samples, sample_rate_hz, random))


def _knock(sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[KNOCK_S]: a burst of noise and some resonances that ring after it."""
    time_s = np.arange(int(KNOCK_S * sample_rate_hz)) / sample_rate_hz
    burst_s, ring_s = (np.exp(random.uniform(np.log(2e-3), np.log(longest))) for longest in (0.05, 0.1))
    burst = bumpy(random.standard_normal(len(time_s)), sample_rate_hz, random) * np.exp(-time_s / burst_s)
    ring = np.zeros_like(time_s)
    for frequency_hz in np.exp(random.uniform(np.log(80), np.log(3800), random.integers(1, 6))):
        decay = np.exp(-time_s / (ring_s * random.uniform(0.5, 1)))
        ring += random.uniform(0.2, 1) * decay * np.sin(2 * np.pi * frequency_hz * time_s)
    return np.asarray(burst + random.uniform(0, 3) * ring)
