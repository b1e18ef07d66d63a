"""Noises by shaping a spectrum, and two textures made of them: rain and wind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.fft

from .tones import Float32, Float64, frames, partials, to_peak

SLOPES = {"white": 0.0, "pink": -0.5, "brown": -1.0}
"""Exponent of frequency in the magnitude spectrum."""
LOWEST = 0.001
"""Where coloured noise begins, as a share of the sample rate: below, no microphone hears."""


def noise(color: str, count: int, rng: np.random.Generator) -> Float64:
    """Return float64[count] of "white", "pink" or "brown" noise with unit power; KeyError for another colour."""
    return _shaped(count, rng, SLOPES[color], (LOWEST, 0.5))


def band_noise(low_hz: float, high_hz: float, count: int, sample_rate_hz: int, rng: np.random.Generator) -> Float64:
    """Return float64[count] of noise between two frequencies with unit power."""
    return _shaped(count, rng, 0.0, (low_hz / sample_rate_hz, high_hz / sample_rate_hz))


def _shaped(count: int, rng: np.random.Generator, slope: float, band: tuple[float, float]) -> Float64:
    """Return noise of magnitude f^slope within `band` (shares of the sample rate) and next to nothing outside."""
    size = scipy.fft.next_fast_len(max(count, 16), real=True)
    spectrum = scipy.fft.rfft(rng.standard_normal(size, dtype=np.float32))
    frequency = np.arange(len(spectrum), dtype=np.float32) / np.float32(size)
    if slope:
        spectrum *= np.maximum(frequency, 1 / size) ** np.float32(slope)
    spectrum[: np.searchsorted(frequency, band[0])] *= 1e-3
    spectrum[np.searchsorted(frequency, band[1], side="right") :] *= 1e-3
    spectrum[0] = 0.0
    shaped = scipy.fft.irfft(spectrum, size)[:count]
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2)), np.float64)


def slow_curve(count: int, points: int, rng: np.random.Generator) -> Float64:
    """Return float64[count] between 0 and 1 that wanders through `points` random values."""
    return np.interp(np.linspace(0, points - 1, count), np.arange(points), rng.random(points))


@dataclass(frozen=True)
class Rain:
    """Drops per second, each a short ring around `drop_hz`, over a hiss between two frequencies."""

    drops_per_s: float
    drop_hz: float
    hiss: float
    low_hz: float
    high_hz: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return a rain of its own: drizzle or downpour, on a roof or on leaves."""
        low = rng.uniform(300, 1500)
        return cls(rng.uniform(8, 90), rng.uniform(900, 3500), rng.uniform(0.05, 0.5), low, low * rng.uniform(3, 8))

    def render(self, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        count = frames(seconds, sample_rate_hz)
        hits = np.zeros(count)
        at = rng.integers(0, count, size=rng.poisson(self.drops_per_s * seconds) + 1)
        np.add.at(hits, at, rng.lognormal(0.0, 0.7, len(at)))
        drop = np.zeros(frames(0.03, sample_rate_hz))
        for ratio in (1.0, 1.37, 1.81):
            drop += partials([ratio * self.drop_hz], [1.0 / ratio], [180 * ratio], len(drop), sample_rate_hz)
        size = scipy.fft.next_fast_len(count + len(drop), real=True)
        drops = scipy.fft.irfft(scipy.fft.rfft(hits, size) * scipy.fft.rfft(drop, size), size)[:count]
        high = min(self.high_hz, 0.45 * sample_rate_hz)
        return to_peak(drops + self.hiss * band_noise(self.low_hz, high, count, sample_rate_hz, rng))


@dataclass(frozen=True)
class Wind:
    """Brown noise under gusts, with a whistle that follows them."""

    gusts_per_s: float
    floor: float
    whistle_hz: float
    whistle: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return a wind of its own."""
        return cls(rng.uniform(0.4, 2.0), rng.uniform(0.05, 0.4), rng.uniform(250, 1100), rng.uniform(0.02, 0.35))

    def render(self, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        count = frames(seconds, sample_rate_hz)
        gusts = self.floor + slow_curve(count, 2 + round(self.gusts_per_s * seconds), rng)
        whistle = band_noise(0.92 * self.whistle_hz, 1.08 * self.whistle_hz, count, sample_rate_hz, rng)
        return to_peak(gusts * noise("brown", count, rng) + self.whistle * gusts**2 * whistle)


@dataclass(frozen=True)
class Surf:
    """Pink noise that swells and breaks: slow waves with a bright crest."""

    waves_per_s: float
    depth: float
    crest: float
    low_hz: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return a shore of its own."""
        return cls(rng.uniform(0.25, 0.9), rng.uniform(0.5, 0.95), rng.uniform(0.1, 0.7), rng.uniform(800, 2500))

    def render(self, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        count = frames(seconds, sample_rate_hz)
        angle = 2 * np.pi * (self.waves_per_s * np.arange(count) / sample_rate_hz + rng.random())
        wave = 1 - self.depth * (0.5 + 0.5 * np.sin(angle))
        high = 0.45 * sample_rate_hz
        crest = band_noise(self.low_hz, high, count, sample_rate_hz, rng)
        return to_peak(wave * noise("pink", count, rng) + self.crest * wave**3 * crest)
