"""Voices that sound as long as they are held: bowed, blown, sung, organs and synthesisers, as sums of harmonics.

A note is a few cycles whose loudness changes apart: groups of harmonics for the acoustic kinds, positions of a filter
for the electronic one, vowels for the sung one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from ..tones import Float32, Float64, harmonic_count, random_phases
from .voices import log_uniform
from .wavetable import Intonation, cycles, envelope, joined, turned

MOST = 96
"""Most harmonics of a note."""
DRAWBARS = (1, 2, 3, 4, 5, 6, 8)
"""Harmonics that an organ has pipes for, its lowest taken for the first."""


def _played(
    bank: tuple[NDArray[np.complexfloating], Float64], turns: list[Float64], rng: np.random.Generator
) -> Float32:
    """Return float32[n]: harmonics [g, k] under control points [g, m], by every player."""
    harmonics, points = bank
    weights = joined(points, len(turns[0]))
    stored = cycles(harmonics * random_phases(harmonics.shape[1], rng))
    total = turned(stored, weights, turns[0])
    for each in turns[1:]:
        total += turned(stored, weights, each)
    return total / np.float32(np.sqrt(len(turns)))


def _breath(count: int, pole: float, rng: np.random.Generator) -> Float32:
    """Return float32[count] of noise with power near 1, dark for a pole near 1, bright for one near -1."""
    white = rng.standard_normal(count, dtype=np.float32)
    gain = np.float32(np.sqrt(1 - pole**2))
    return np.asarray(scipy.signal.lfilter([gain], np.array([1, -pole], np.float32), white), np.float32)


def _peaks(hz: NDArray[np.floating], centres_hz: tuple[float, ...], widths_hz: float) -> Float64:
    """Return float64[k]: the sum of resonances of gain 1 and a width that grows with their frequency."""
    centre = np.array(centres_hz)[:, None]
    width = widths_hz + 0.08 * centre
    return np.asarray(np.sum(1 / (1 + ((hz - centre) / width) ** 2), axis=0))


@dataclass(frozen=True)
class Sustained:
    """Bowed, blown, or an organ: harmonics with a slope, a body, and an attack that reaches the high ones last."""

    slope: float
    even: float
    rough_db: tuple[float, ...]
    drawbars: bool
    bodies_hz: tuple[float, ...]
    body: float
    attack_s: float
    lag: float
    decay_s: float
    sustain: float
    bright: float
    tremolo: float
    tremolo_hz: float
    breath: float
    chiff: float
    pole: float
    intonation: Intonation
    release_s: float
    ring_s: ClassVar[float] = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return another voice of the kind."""
        organ = rng.random() < 0.2
        return cls(
            slope=rng.uniform(0.6, 3.2),
            even=float(rng.choice([1.0, 1.0, rng.uniform(0.02, 0.6)])),
            rough_db=tuple(rng.normal(0, rng.uniform(0, 11), MOST).tolist()),
            drawbars=bool(organ),
            bodies_hz=tuple(log_uniform(rng, 200, 3500) for _ in range(rng.integers(1, 6))),
            body=rng.uniform(0, 3) * (not organ),
            attack_s=log_uniform(rng, 0.004, 0.03) if organ else log_uniform(rng, 0.008, 0.25),
            lag=rng.uniform(0, 2.5),
            decay_s=log_uniform(rng, 0.1, 2),
            sustain=1.0 if organ else rng.uniform(0.15, 1.0),
            bright=rng.uniform(0, 1.5),
            tremolo=float(rng.choice([0.0, 0.0, rng.uniform(0, 0.6)])),
            tremolo_hz=rng.uniform(2.5, 8),
            breath=float(rng.choice([0.0, log_uniform(rng, 0.002, 0.1)])),
            chiff=float(rng.choice([0.0, log_uniform(rng, 0.02, 0.4)])),
            pole=rng.uniform(-0.5, 0.9),
            intonation=Intonation.draw(rng, 5.0 if organ else 35.0, int(rng.choice([1, 1, 1, 4]))),
            release_s=log_uniform(rng, 0.02, 0.5),
        )

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        """Return float32[n]."""
        count = round(seconds * sample_rate_hz)
        k = np.arange(1, harmonic_count(pitch_hz, sample_rate_hz, MOST) + 1)
        gain = np.where(k % 2, 1.0, self.even) / k ** (self.slope + self.bright * (0.8 - force))
        gain *= 10 ** (np.array(self.rough_db[: len(k)]) / 20)
        gain *= 1 + self.body * _peaks(k * pitch_hz, self.bodies_hz, 60.0)
        if self.drawbars:
            gain = np.where(np.isin(k, DRAWBARS), gain, 0.03 * gain)
        group = np.clip(np.log2(k), 0, 3)
        members = np.maximum(1 - np.abs(group - np.array([[0.0], [1.5], [3.0]])) / 1.5, 0)
        curves = np.stack([self._curve(count, place, sample_rate_hz, rng) for place in (0.0, 0.5, 1.0)])
        sound = _played((gain * members, curves), self.intonation.turns(pitch_hz, count, sample_rate_hz, rng), rng)
        if self.breath or self.chiff:
            air = self.breath * curves[0] + self.chiff * envelope(count, sample_rate_hz, 0.003, 0.03, 0.0)
            sound += joined(air * float(np.max(gain)), count) * _breath(count, self.pole, rng)
        return sound

    def _curve(self, count: int, place: float, sample_rate_hz: int, rng: np.random.Generator) -> Float64:
        """Return control points of the group of harmonics at a place from 0 (lowest) to 1."""
        attack_s = self.attack_s * rng.uniform(0.8, 1.25) * (1 + self.lag * place)
        curve = envelope(count, sample_rate_hz, attack_s, self.decay_s / (1 + place), self.sustain ** (1 + place))
        time_s = np.linspace(0, count / sample_rate_hz, len(curve))
        knots = rng.normal(0, 0.12, 3 + int(4 * time_s[-1]))
        curve *= 1 + np.interp(time_s, np.linspace(0, time_s[-1], len(knots)), knots)
        wave = np.sin(2 * np.pi * (self.tremolo_hz * time_s + rng.random()))
        return np.asarray(curve * (1 - self.tremolo * (0.5 + 0.5 * wave)))


@dataclass(frozen=True)
class Filtered:
    """A synthesiser: saw, pulse or triangle through a low-pass whose cut-off an envelope and an oscillator move."""

    wave: str
    width: float
    cutoff_hz: float
    resonance: float
    poles: int
    track: float
    sweep: float
    sweep_attack_s: float
    sweep_decay_s: float
    sweep_sustain: float
    lfo_hz: float
    lfo: float
    attack_s: float
    decay_s: float
    sustain: float
    intonation: Intonation
    release_s: float
    ring_s: ClassVar[float] = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return another voice of the kind."""
        return cls(
            wave=str(rng.choice(["saw", "saw", "pulse", "triangle"])),
            width=float(rng.choice([0.5, rng.uniform(0.05, 0.5)])),
            cutoff_hz=log_uniform(rng, 120, 2500),
            resonance=log_uniform(rng, 0.6, 8),
            poles=int(rng.choice([2, 4])),
            track=rng.uniform(0, 1),
            sweep=rng.uniform(-1.5, 4),
            sweep_attack_s=float(rng.choice([0.002, log_uniform(rng, 0.01, 1)])),
            sweep_decay_s=log_uniform(rng, 0.05, 1.5),
            sweep_sustain=rng.random(),
            lfo_hz=log_uniform(rng, 0.1, 10),
            lfo=float(rng.choice([0.0, rng.uniform(0, 1.2)])),
            attack_s=float(rng.choice([0.003, log_uniform(rng, 0.005, 0.4)])),
            decay_s=log_uniform(rng, 0.1, 2),
            sustain=float(rng.choice([0.0, 1.0, rng.random()])),
            intonation=Intonation.draw(rng, 20.0, int(rng.choice([1, 1, 3, 6]))),
            release_s=log_uniform(rng, 0.01, 0.6),
        )

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        """Return float32[n]."""
        count = round(seconds * sample_rate_hz)
        k = np.arange(1, harmonic_count(pitch_hz, sample_rate_hz, MOST) + 1)
        raw = {
            "saw": 1 / k,
            "pulse": np.sin(np.pi * k * self.width) / k,
            "triangle": np.where(k % 2, 1.0, 0.0) / k**2,
        }[self.wave]
        centre = np.log2(self.cutoff_hz) + self.track * np.log2(pitch_hz / 220) + force - 0.8
        sweep = self.sweep * envelope(
            count, sample_rate_hz, self.sweep_attack_s, self.sweep_decay_s, self.sweep_sustain
        )
        time_s = np.linspace(0, count / sample_rate_hz, len(sweep))
        octaves = centre + sweep + self.lfo * np.sin(2 * np.pi * (self.lfo_hz * time_s + rng.random()))
        positions = np.linspace(octaves.min(), max(octaves.max(), octaves.min() + 0.2), 5)
        ratio = k * pitch_hz / 2 ** positions[:, None]
        passed = ((1 - ratio**2) ** 2 + (ratio / self.resonance) ** 2) ** (-self.poles / 4)
        near = np.maximum(1 - np.abs(octaves - positions[:, None]) / (positions[1] - positions[0]), 0)
        curve = envelope(count, sample_rate_hz, self.attack_s, self.decay_s, self.sustain)
        turns = self.intonation.turns(pitch_hz, count, sample_rate_hz, rng)
        return _played((raw * passed, near * curve), turns, rng)


VOWEL_HZ = ((250, 900), (700, 2400), (2200, 3300), (3000, 3900))
"""Where the resonances of a throat lie, over vowels and singers."""


@dataclass(frozen=True)
class Sung:
    """A singer or a choir: a throat that goes from vowel to vowel, with breath and some consonants."""

    scale: float
    slope: float
    width_hz: float
    vowels: int
    vowel_s: float
    consonant: float
    breath: float
    attack_s: float
    intonation: Intonation
    release_s: float
    ring_s: ClassVar[float] = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return another voice of the kind."""
        return cls(
            scale=rng.uniform(0.85, 1.2),
            slope=rng.uniform(0.8, 2.0),
            width_hz=rng.uniform(40, 120),
            vowels=int(rng.integers(1, 4)),
            vowel_s=log_uniform(rng, 0.08, 0.6),
            consonant=float(rng.choice([0.0, log_uniform(rng, 0.05, 0.8)])),
            breath=log_uniform(rng, 0.002, 0.08),
            attack_s=log_uniform(rng, 0.02, 0.12),
            intonation=Intonation.draw(rng, 70.0, int(rng.choice([1, 1, 6]))),
            release_s=log_uniform(rng, 0.04, 0.25),
        )

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        """Return float32[n]."""
        count = round(seconds * sample_rate_hz)
        k = np.arange(1, harmonic_count(pitch_hz, sample_rate_hz, MOST) + 1)
        throats = np.stack([self._vowel(k * pitch_hz, rng) for _ in range(self.vowels)])
        gain = throats / k ** (self.slope + 0.5 - 0.5 * force)
        curve = envelope(count, sample_rate_hz, self.attack_s, 1.0, 0.8)
        place = np.arange(len(curve)) * (32 / sample_rate_hz) / self.vowel_s
        held = np.minimum(place, self.vowels - 1)
        near = np.maximum(1 - np.abs(held - np.arange(self.vowels)[:, None]), 0)
        sound = _played((gain, near * curve), self.intonation.turns(pitch_hz, count, sample_rate_hz, rng), rng)
        loud = float(np.max(gain))
        air = loud * self.breath * curve
        if self.consonant and rng.random() < 0.7:
            air = air + loud * self.consonant * envelope(count, sample_rate_hz, 0.01, rng.uniform(0.01, 0.06), 0.0)
        return sound + joined(air, count) * _breath(count, rng.uniform(-0.7, 0.3), rng)

    def _vowel(self, hz: NDArray[np.floating], rng: np.random.Generator) -> Float64:
        """Return float64[k]: the gain of a throat at these frequencies."""
        centres = tuple(float(self.scale * rng.uniform(*each)) for each in VOWEL_HZ)
        fall = 1 / (1 + hz / 600)
        return np.asarray(0.005 + fall * _peaks(hz, centres, self.width_hz))
