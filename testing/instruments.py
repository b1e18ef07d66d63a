"""Pitched instruments: a frozen set of parameters that plays notes.

Each has `draw` (another instrument of the same kind) and `note` (float32[n], peak at most 1). What is random within a
note, such as phases and breath, comes from the Generator of that note, so no two recordings are the same waveform.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np

from .noises import band_noise, noise, slow_curve
from .tones import (
    Float32,
    Float64,
    fade,
    frames,
    harmonic_count,
    harmonics,
    partials,
    random_phases,
    to_peak,
    vibrato,
)


class Instrument(Protocol):
    """What can play a note. `rings_s`: how long it sounds once struck, or 0 where it sounds as long as it is held."""

    rings_s: ClassVar[float]

    def note(self, pitch_hz: float, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak at most 1."""


@dataclass(frozen=True)
class Plucked:
    """A string: harmonics of 1/k^tilt, combed by where it is plucked, that die the faster the higher they are."""

    rings_s: ClassVar[float] = 5.0
    position: float
    tilt: float
    decay_s: float
    damping: float
    stiffness: float

    @classmethod
    def draw(cls, rng: np.random.Generator, decay_s: tuple[float, float] = (0.4, 1.6), tilt: float = 1.0) -> Self:
        """Return a string with a decay (seconds to 1/e of the fundamental) in `decay_s`, duller for a larger `tilt`."""
        return cls(
            position=rng.uniform(0.08, 0.45),
            tilt=tilt * rng.uniform(0.8, 1.4),
            decay_s=rng.uniform(*decay_s),
            damping=rng.uniform(0.15, 0.6),
            stiffness=rng.uniform(1e-5, 3e-4),
        )

    def note(self, pitch_hz: float, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        count = frames(seconds, sample_rate_hz)
        k = np.arange(1, harmonic_count(pitch_hz, sample_rate_hz) + 1)
        frequency = pitch_hz * k * np.sqrt(1 + self.stiffness * k**2)
        amplitude = np.sin(np.pi * k * self.position) / k**self.tilt * random_phases(len(k), rng)
        decay = (1 + self.damping * (k - 1)) / self.decay_s
        string = partials(frequency, amplitude, decay, count, sample_rate_hz)
        pick = noise("white", count, rng) * np.exp(-np.arange(count) / (0.004 * sample_rate_hz))
        return to_peak(fade(string + 0.05 * pick, sample_rate_hz, 0.002, 0.02))


BELL = (0.5, 1.0, 1.2, 1.5, 2.0, 2.51, 2.66, 3.01, 4.1)
"""Partials of a church bell over its prime."""
BAR = (1.0, 3.93, 9.24, 16.3)
"""Partials of a tuned wooden bar."""


@dataclass(frozen=True)
class Struck:
    """A bell or a bar: inharmonic partials that ring each with its own decay, after a mallet's tick."""

    rings_s: ClassVar[float] = 5.0
    ratios: tuple[float, ...]
    decay_s: float
    damping: float
    tilt: float
    tick: float

    @classmethod
    def draw(cls, rng: np.random.Generator, ratios: tuple[float, ...], decay_s: tuple[float, float]) -> Self:
        """Return one with these partials, each slightly off, and a decay (seconds to 1/e) in `decay_s`."""
        off = tuple(float(ratio * rng.uniform(0.985, 1.015)) for ratio in ratios)
        return cls(off, rng.uniform(*decay_s), rng.uniform(0.3, 1.2), rng.uniform(0.3, 1.3), rng.uniform(0.02, 0.2))

    def note(self, pitch_hz: float, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        count = frames(seconds, sample_rate_hz)
        ratio = np.array(self.ratios)
        amplitude = ratio**-self.tilt * rng.uniform(0.6, 1.0, len(ratio)) * random_phases(len(ratio), rng)
        ring = partials(pitch_hz * ratio, amplitude, ratio**self.damping / self.decay_s, count, sample_rate_hz)
        tick = noise("white", count, rng) * np.exp(-np.arange(count) / (0.003 * sample_rate_hz))
        return to_peak(fade(ring + self.tick * tick, sample_rate_hz, 0.001, 0.02))


@dataclass(frozen=True)
class Bowed:
    """A bowed string: a sawtooth through three body resonances, with vibrato and the scrape of the bow."""

    rings_s: ClassVar[float] = 0.0
    bodies_hz: tuple[float, ...]
    tilt: float
    vibrato_hz: float
    vibrato_cents: float
    attack_s: float
    scrape: float

    @classmethod
    def draw(cls, rng: np.random.Generator, body_hz: float) -> Self:
        """Return one whose lowest body resonance is near `body_hz`."""
        bodies = tuple(float(body_hz * ratio * rng.uniform(0.85, 1.15)) for ratio in (1.0, 1.7, 5.5))
        return cls(
            bodies_hz=bodies,
            tilt=rng.uniform(0.9, 1.4),
            vibrato_hz=rng.uniform(4.5, 6.8),
            vibrato_cents=rng.uniform(6, 35),
            attack_s=rng.uniform(0.05, 0.2),
            scrape=rng.uniform(0.005, 0.04),
        )

    def note(self, pitch_hz: float, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        count = frames(seconds, sample_rate_hz)
        k = np.arange(1, harmonic_count(pitch_hz, sample_rate_hz) + 1)
        body = 0.25 + sum(1 / (1 + ((k * pitch_hz - hz) / (0.2 * hz)) ** 2) for hz in self.bodies_hz)
        amplitude = body / k**self.tilt * random_phases(len(k), rng)
        phase = vibrato(pitch_hz, count, sample_rate_hz, self.vibrato_hz, self.vibrato_cents)
        string = harmonics(phase + _wander(count, seconds, rng), amplitude) * (0.8 + 0.2 * slow_curve(count, 8, rng))
        top = min(6000.0, 0.45 * sample_rate_hz)
        scrape = self.scrape * band_noise(1500.0, top, count, sample_rate_hz, rng)
        return to_peak(fade(string + scrape, sample_rate_hz, self.attack_s, 0.08))


@dataclass(frozen=True)
class Blown:
    """A pipe: few harmonics, the even ones weak where it is stopped at one end, in a stream of breath."""

    rings_s: ClassVar[float] = 0.0
    even: float
    tilt: float
    breath: float
    breath_hz: float
    vibrato_hz: float
    vibrato_cents: float
    attack_s: float

    @classmethod
    def draw(cls, rng: np.random.Generator, even: tuple[float, float], breath: tuple[float, float]) -> Self:
        """Return one with the even harmonics scaled by a factor in `even`, and breath at an amplitude in `breath`."""
        return cls(
            even=rng.uniform(*even),
            tilt=rng.uniform(1.0, 1.9),
            breath=rng.uniform(*breath),
            breath_hz=rng.uniform(1500, 4000),
            vibrato_hz=rng.uniform(4, 6),
            vibrato_cents=rng.uniform(2, 18),
            attack_s=rng.uniform(0.03, 0.12),
        )

    def note(self, pitch_hz: float, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""
        count = frames(seconds, sample_rate_hz)
        k = np.arange(1, harmonic_count(pitch_hz, sample_rate_hz, 16) + 1)
        amplitude = np.where(k % 2, 1.0, self.even) / k**self.tilt * random_phases(len(k), rng)
        phase = vibrato(pitch_hz, count, sample_rate_hz, self.vibrato_hz, self.vibrato_cents)
        pipe = harmonics(phase + _wander(count, seconds, rng), amplitude) * (0.85 + 0.15 * slow_curve(count, 10, rng))
        top = min(2.5 * self.breath_hz, 0.45 * sample_rate_hz)
        breath = self.breath * band_noise(0.5 * self.breath_hz, top, count, sample_rate_hz, rng)
        return to_peak(fade(pipe + breath, sample_rate_hz, self.attack_s, 0.06))


def _wander(count: int, seconds: float, rng: np.random.Generator) -> Float64:
    """Return the slow drift, in radians, of a pitch held by a hand or a lip rather than a machine."""
    return 2 * np.pi * 1.5 * slow_curve(count, 2 + round(3 * seconds), rng)
