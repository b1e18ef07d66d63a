"""Voices that ring once struck or plucked: pianos, bells, bars, strings in a loop, and frequency modulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import scipy.signal

from ..tones import HIGHEST, Float32, Float64, partials, random_phases
from .voices import log_uniform
from .wavetable import Intonation, envelope, joined

MOST = 24
"""Most partials of a ringing voice."""


@dataclass(frozen=True)
class Ringing:
    """Piano, harpsichord, bells, bars, glasses: partials of their own decays, some doubled so that they beat."""

    ratios: tuple[float, ...]
    strike: float
    slope: float
    bright: float
    decay_s: float
    damping: float
    keys: float
    beat_hz: float
    thud: float
    thud_pole: float
    ring_s: float
    release_s: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return another voice of the kind: two in three have the partials of a stiff string."""
        k = np.arange(1, MOST + 1)
        string = rng.random() < 0.65
        free = np.cumsum(np.concatenate([[1.0], rng.uniform(0.2, 2.5, 9)]))
        ratios = k * np.sqrt(1 + log_uniform(rng, 1e-5, 2e-3) * k**2) if string else free ** rng.uniform(0.8, 1.3)
        decay_s = log_uniform(rng, 0.3, 3.0) if string else log_uniform(rng, 0.08, 2.5)
        return cls(
            ratios=tuple(ratios.tolist()),
            strike=rng.uniform(0.05, 0.5),
            slope=rng.uniform(0.5, 2.2),
            bright=rng.uniform(0.2, 1.5),
            decay_s=decay_s,
            damping=log_uniform(rng, 0.02, 0.5) if string else rng.uniform(0.2, 1.0),
            keys=rng.uniform(0.2, 0.9),
            beat_hz=float(rng.choice([0.0, log_uniform(rng, 0.1, 2.0)])),
            thud=log_uniform(rng, 0.003, 0.25),
            thud_pole=rng.uniform(0.0, 0.95),
            ring_s=0.0 if string and rng.random() < 0.7 else min(3 * decay_s, 4.0),
            release_s=log_uniform(rng, 0.04, 0.4),
        )

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        """Return float32[n]."""
        count = round(seconds * sample_rate_hz)
        ratio = np.array(self.ratios)
        ratio = ratio[ratio * pitch_hz < HIGHEST * sample_rate_hz]
        ratio = ratio if len(ratio) else np.ones(1)
        struck = np.abs(np.sin(np.pi * ratio * self.strike)) + 0.01
        amplitude = struck * random_phases(len(ratio), rng) / ratio ** (self.slope + self.bright * (0.8 - force))
        decay = (1 + self.damping * (ratio - 1)) / self.decay_s * (pitch_hz / 260) ** self.keys
        hz = ratio * pitch_hz
        if self.beat_hz:
            hz = np.concatenate([hz, hz + self.beat_hz * rng.uniform(0.5, 1.5, len(hz))])
            amplitude = np.concatenate([amplitude, 0.5 * amplitude * rng.random(len(ratio))])
            decay = np.concatenate([decay, 0.35 * decay])
        ring = partials(hz, amplitude, decay, count, sample_rate_hz)
        short = min(count, sample_rate_hz // 10)
        noise = rng.standard_normal(short) * np.exp(-np.arange(short) / (0.01 * sample_rate_hz))
        noise = scipy.signal.lfilter([1 - self.thud_pole], [1, -self.thud_pole], noise)
        ring[:short] += self.thud * force * float(np.max(np.abs(ring[:short]), initial=1e-9)) * noise
        return ring.astype(np.float32)


@dataclass(frozen=True)
class Looped:
    """A plucked string as a loop: noise that goes round a delay and loses some at every turn.

    Karplus and Strong, "Digital Synthesis of Plucked-String and Drum Timbres", 1983, with a fractional delay.
    """

    decay_s: float
    dull: float
    pick: float
    soft: float
    ring_s: float
    release_s: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return another voice of the kind."""
        decay_s = log_uniform(rng, 0.15, 2.0)
        return cls(
            decay_s=decay_s,
            dull=rng.uniform(0.02, 0.5),
            pick=rng.uniform(0.05, 0.5),
            soft=rng.uniform(0.0, 0.9),
            ring_s=float(rng.choice([0.0, min(1.5 * decay_s, 2.5)])),
            release_s=log_uniform(rng, 0.02, 0.2),
        )

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        """Return float32[n]."""
        count = round(seconds * sample_rate_hz)
        period = sample_rate_hz / pitch_hz - self.dull
        whole = max(int(period), 1)
        part = period - whole
        kept = np.exp(-1 / (pitch_hz * self.decay_s))
        loop = np.convolve([1 - self.dull, self.dull], [1 - part, part]) * kept
        pole = self.soft * (1.1 - force)
        burst = scipy.signal.lfilter([1.0], [1.0, -pole], rng.uniform(-1, 1, whole))
        excitation = np.zeros(count)
        length = min(whole, count)
        excitation[:length] = burst[:length]
        after = max(round(self.pick * whole), 1)
        excitation[after : after + length] -= burst[: max(min(length, count - after), 0)]
        feedback = np.zeros(whole + 3)
        feedback[0] = 1.0
        feedback[whole : whole + 3] -= loop
        return np.asarray(scipy.signal.lfilter([1.0], feedback, excitation), np.float32)


@dataclass(frozen=True)
class Modulated:
    """Frequency modulation: a carrier under one modulator or two, whose depth dies away or stays.

    Chowning, "The Synthesis of Complex Audio Spectra by Means of Frequency Modulation", 1973.
    """

    carrier: float
    ratios: tuple[float, ...]
    depths: tuple[float, ...]
    depth_decay_s: float
    depth_sustain: float
    attack_s: float
    decay_s: float
    sustain: float
    intonation: Intonation
    release_s: float
    ring_s: ClassVar[float] = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return another voice of the kind: electric pianos, brass, clangs and basses."""
        whole = rng.random() < 0.75
        count = int(rng.integers(1, 3))
        ratios = rng.choice([0.5, 1, 1, 2, 3, 4, 5, 7], count) if whole else rng.uniform(0.3, 6, count)
        held = rng.random() < 0.4
        return cls(
            carrier=float(rng.choice([1, 1, 1, 2])),
            ratios=tuple(float(each) for each in ratios),
            depths=tuple(log_uniform(rng, 0.2, 6) for _ in range(count)),
            depth_decay_s=log_uniform(rng, 0.05, 1.5),
            depth_sustain=rng.uniform(0, 1) if held else rng.uniform(0, 0.3),
            attack_s=log_uniform(rng, 0.01, 0.2) if held else 0.002,
            decay_s=log_uniform(rng, 0.15, 2.5),
            sustain=rng.uniform(0.4, 1) if held else 0.0,
            intonation=Intonation.draw(rng, 20.0, int(rng.choice([1, 2]))),
            release_s=log_uniform(rng, 0.02, 0.4),
        )

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        """Return float32[n]; depths are held down so that side bands stay below half the sample rate."""
        count = round(seconds * sample_rate_hz)
        fall = envelope(count, sample_rate_hz, 0.002, self.depth_decay_s, self.depth_sustain)
        depth = joined(fall, count) * np.float32(0.25 + 0.75 * force)
        total = np.zeros(count, np.float32)
        room_hz = HIGHEST * sample_rate_hz - self.carrier * pitch_hz
        for turns in self.intonation.turns(pitch_hz, count, sample_rate_hz, rng):
            phase = _angle(self.carrier * turns)
            for ratio, most in zip(self.ratios, self.depths, strict=True):
                allowed = np.float32(max(min(most, room_hz / (ratio * pitch_hz) / len(self.ratios) - 1), 0.0))
                phase = phase + allowed * depth * np.sin(_angle(ratio * turns))
            total += np.sin(phase)
        return total * joined(envelope(count, sample_rate_hz, self.attack_s, self.decay_s, self.sustain), count)


def _angle(turns: Float64) -> Float32:
    """Return radians: float32 is exact enough for what is left of whole turns."""
    return np.asarray(2 * np.pi * np.mod(turns, 1.0), np.float32)
