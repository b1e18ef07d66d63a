"""Drums: kick, snare and hat. A note's pitch is the tuning of the drum; its length is ignored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from .noises import band_noise, noise
from .tones import Float32, fade, frames, partials, random_phases, to_peak


@dataclass(frozen=True)
class Kick:
    """A head whose pitch falls from `drop` times its tuning, under a beater's click."""

    rings_s: ClassVar[float] = 0.9
    drop: float
    fall_s: float
    decay_s: float
    click: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return a kick drum of its own."""
        return cls(rng.uniform(2, 5), rng.uniform(0.015, 0.05), rng.uniform(0.08, 0.35), rng.uniform(0.02, 0.25))

    def note(self, pitch_hz: float, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        time_s = np.arange(frames(seconds, sample_rate_hz)) / sample_rate_hz
        turns = pitch_hz * (time_s + (self.drop - 1) * self.fall_s * (1 - np.exp(-time_s / self.fall_s)))
        head = np.sin(2 * np.pi * (turns + rng.uniform(0, 0.15))) * np.exp(-time_s / self.decay_s)
        rumble = 0.04 * noise("brown", len(time_s), rng) * np.exp(-time_s / (1.5 * self.decay_s))
        click = self.click * noise("white", len(time_s), rng) * np.exp(-time_s / 0.003)
        return to_peak(fade(head + rumble + click, sample_rate_hz, 0.0005, 0.01))


@dataclass(frozen=True)
class Snare:
    """Two modes of the head and the rattle of the wires."""

    rings_s: ClassVar[float] = 0.5
    modes: float
    wires: float
    wires_s: float
    low_hz: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return a snare drum of its own."""
        return cls(rng.uniform(1.5, 1.9), rng.uniform(0.15, 0.6), rng.uniform(0.05, 0.18), rng.uniform(700, 2500))

    def note(self, pitch_hz: float, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        count = frames(seconds, sample_rate_hz)
        amplitudes = np.array([1.0, 0.6]) * random_phases(2, rng)
        head = partials([pitch_hz, self.modes * pitch_hz], amplitudes, [22.0, 30.0], count, sample_rate_hz)
        rattle = band_noise(self.low_hz, 0.45 * sample_rate_hz, count, sample_rate_hz, rng)
        rattle *= np.exp(-np.arange(count) / (self.wires_s * sample_rate_hz))
        return to_peak(fade(head + self.wires * rattle, sample_rate_hz, 0.0005, 0.01))


PLATES = (2.0, 3.0, 4.16, 5.43, 6.79, 8.21)
"""Partials of two thin cymbals over their lowest."""


@dataclass(frozen=True)
class Hat:
    """High noise with a shimmer of metal: short when closed, long when open."""

    rings_s: ClassVar[float] = 0.8
    decay_s: float
    low_hz: float
    metal: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return a hi-hat of its own, closed or open."""
        return cls(
            float(rng.choice([0.03, 0.05, 0.25]) * rng.uniform(0.7, 1.4)), rng.uniform(3500, 5500), rng.uniform(0, 0.5)
        )

    def note(self, pitch_hz: float, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        count = frames(seconds, sample_rate_hz)
        low = min(self.low_hz, 0.3 * sample_rate_hz)
        hiss = band_noise(low, 0.45 * sample_rate_hz, count, sample_rate_hz, rng)
        hiss *= np.exp(-np.arange(count) / (self.decay_s * sample_rate_hz))
        plates = np.array(PLATES) * pitch_hz
        decays = np.full(len(PLATES), 1 / self.decay_s)
        shimmer = partials(plates, self.metal * random_phases(len(PLATES), rng), decays, count, sample_rate_hz)
        return to_peak(fade(hiss + shimmer, sample_rate_hz, 0.0005, 0.01))
