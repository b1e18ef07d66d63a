"""Noises that go on and on: hiss and rumble, wind and passing traffic, engines and mains hum, fans and rotors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

LOWEST_HZ = 40.0
"""Below, small devices neither play nor record."""


def coloured(samples: int, sample_rate_hz: int, slope_db: float, random: np.random.Generator) -> Float64:
    """Return float64[samples] of noise with power 1 whose density changes by `slope_db` an octave above LOWEST_HZ."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    frequency_hz = np.maximum(np.fft.rfftfreq(samples, 1 / sample_rate_hz), 1e-3)
    gain = np.where(frequency_hz < LOWEST_HZ, 1e-3, (frequency_hz / 1000) ** (slope_db / (20 * np.log10(2))))
    shaped = np.fft.irfft(spectrum * gain, samples)
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2)))


def bumpy(sound: Float64, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[n] with up to five broad peaks and dips of up to 15 dB in its spectrum."""
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / sample_rate_hz), 20.0) / 1000)
    gain_db = np.zeros_like(octaves)
    for _ in range(random.integers(0, 6)):
        centre, width = random.uniform(-3.5, 2.0), random.uniform(0.1, 0.8)
        gain_db += random.uniform(-12, 15) * np.exp(-0.5 * ((octaves - centre) / width) ** 2)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound) * 10 ** (gain_db / 20), len(sound)))


def wandering(samples: int, points: int, random: np.random.Generator) -> Float64:
    """Return float64[samples] between -1 and 1, smooth through `points` random values."""
    at = np.linspace(0, points - 1, samples)
    eased = np.floor(at) + 0.5 - 0.5 * np.cos(np.pi * (at % 1))
    return np.interp(eased, np.arange(points), random.uniform(-1, 1, points))


def hiss(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: noise from bright (+3 dB an octave) to dark (-9), with bumps; rain, air, machines."""
    return bumpy(coloured(samples, sample_rate_hz, random.uniform(-9, 3), random), sample_rate_hz, random)


def swelling(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: two noises that come and go by up to 40 dB; traffic, surf, wind."""
    seconds = samples / sample_rate_hz
    total = np.zeros(samples)
    for _ in range(2):
        points = 2 + int(seconds * np.exp(random.uniform(np.log(0.3), np.log(6))))
        level_db = random.uniform(3, 20) * wandering(samples, points, random)
        total += hiss(samples, sample_rate_hz, random) * 10 ** (level_db / 20)
    return total


def harmonics(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: a hum of many partials over noise; mains, motors, engines at changing speed."""
    wander = random.choice([0.0, 0.003, 0.03, 0.2])
    points = 2 + int(samples / sample_rate_hz * random.uniform(0.3, 3))
    lowest_hz = np.exp(random.uniform(np.log(25), np.log(400)))
    pitch_hz = lowest_hz * (1 + wander * wandering(samples, points, random))
    angle = 2 * np.pi * np.cumsum(pitch_hz) / sample_rate_hz
    slope_db, kept = random.uniform(-12, 0), random.uniform(0.3, 1)
    total = np.zeros(samples)
    for number in range(1, min(40, int(sample_rate_hz / 2 / pitch_hz.max())) + 1):
        level = 10 ** ((slope_db * np.log2(number) + random.normal(0, 5)) / 20) * (random.random() < kept)
        total += level * np.sin(number * angle + random.uniform(0, 2 * np.pi))
    floor = 10 ** (random.uniform(-25, 0) / 20) * np.sqrt(np.mean(total**2) + 1e-3)
    return np.asarray(total + floor * hiss(samples, sample_rate_hz, random))


def chopped(samples: int, sample_rate_hz: int, random: np.random.Generator) -> Float64:
    """Return float64[samples]: noise at a beat; rotors, washing machines, saws, brushes."""
    beat_hz = np.exp(random.uniform(np.log(1), np.log(30)))
    beats = beat_hz * np.arange(samples) / sample_rate_hz + 0.2 * wandering(samples, 8, random)
    sharpness = random.uniform(0.5, 6)
    gate = (0.5 + 0.5 * np.sin(2 * np.pi * beats)) ** sharpness
    return np.asarray((gate + random.uniform(0.01, 0.4)) * hiss(samples, sample_rate_hz, random))
