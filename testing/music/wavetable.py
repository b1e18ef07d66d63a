"""Periodic sounds by looking up stored cycles: a few cycles of one pitch, each with a loudness of its own in time.

What changes slowly (pitch, loudness, brightness) is worked out at one point in `CONTROL` frames and joined by lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ..tones import Float32, Float64

SIZE = 4096
"""Points of a stored cycle; the nearest is taken, which is 60 dB below the sound for its first few harmonics."""
CONTROL = 32


def control_points(count: int) -> int:
    """Return how many control points `count` frames need, one at either end."""
    return -(-count // CONTROL) + 1


def joined(points: NDArray[np.floating], count: int) -> Float32:
    """Return float32[..., count]: straight lines through control points [..., control_points(count)]."""
    start = np.asarray(points[..., :-1], np.float32)[..., None]
    rise = np.diff(np.asarray(points, np.float32), axis=-1)[..., None]
    lines = start + rise * (np.arange(CONTROL, dtype=np.float32) / CONTROL)
    return np.asarray(lines.reshape(*points.shape[:-1], -1)[..., :count])


def cycles(amplitudes: NDArray[np.complexfloating]) -> Float32:
    """Return float32[g, SIZE]: one period each of g sums of harmonics; amplitudes: complex[g, k], k from 1."""
    spectrum = np.zeros((len(amplitudes), SIZE // 2 + 1), np.complex64)
    spectrum[:, 1 : amplitudes.shape[1] + 1] = amplitudes
    return np.asarray(scipy.fft.irfft(spectrum, SIZE, axis=1) * np.float32(SIZE / 2), np.float32)


def turned(stored: Float32, weights: Float32, turns: Float64) -> Float32:
    """Return float32[n]: the stored cycles [g, SIZE] read at `turns` [n], each under its weights [g, n]."""
    at = (turns * SIZE).astype(np.int64) & (SIZE - 1)
    total = np.zeros(len(turns), np.float32)
    for cycle, weight in zip(stored, weights, strict=True):
        total += weight * cycle[at]
    return total


def envelope(count: int, sample_rate_hz: int, attack_s: float, decay_s: float, sustain: float) -> Float64:
    """Return float64[control points] that rise to 1 over the attack, then fall to `sustain` (decay_s to 1/e)."""
    time_s = np.arange(control_points(count)) * (CONTROL / sample_rate_hz)
    rise = np.minimum(time_s / max(attack_s, 1e-4), 1.0)
    return np.asarray(rise * (sustain + (1 - sustain) * np.exp(-np.maximum(time_s - attack_s, 0) / decay_s)))


@dataclass(frozen=True)
class Intonation:
    """How a pitch is held: vibrato after a delay, a scoop up or down to it, drift, and several players at once."""

    vibrato_hz: float = 0.0
    vibrato_cents: float = 0.0
    vibrato_delay_s: float = 0.2
    scoop_cents: float = 0.0
    scoop_s: float = 0.05
    drift_cents: float = 0.0
    detune_cents: float = 0.0
    players: int = 1

    @classmethod
    def draw(cls, rng: np.random.Generator, cents: float = 30.0, players: int = 1) -> Self:
        """Return one with vibrato and drift up to `cents`, for up to so many players."""
        return cls(
            vibrato_hz=rng.uniform(3.5, 7.5),
            vibrato_cents=cents * float(rng.choice([0.0, rng.random(), 1.0])),
            vibrato_delay_s=rng.uniform(0.0, 0.5),
            scoop_cents=3 * cents * float(rng.choice([0.0, 0.0, rng.random()])),
            scoop_s=rng.uniform(0.02, 0.12),
            drift_cents=0.5 * cents * rng.random(),
            detune_cents=rng.uniform(2, 18),
            players=int(rng.integers(1, players + 1)),
        )

    def turns(self, pitch_hz: float, count: int, sample_rate_hz: int, rng: np.random.Generator) -> list[Float64]:
        """Return float64[count] per player: how often the cycle has turned."""
        time_s = np.arange(control_points(count)) * (CONTROL / sample_rate_hz)
        grown = np.clip((time_s - self.vibrato_delay_s) / 0.3, 0, 1)
        cents = self.vibrato_cents * grown * np.sin(2 * np.pi * (self.vibrato_hz * time_s + rng.random()))
        cents += self.scoop_cents * rng.normal() * np.exp(-time_s / self.scoop_s)
        knots = rng.normal(0, self.drift_cents, 2 + int(3 * time_s[-1]))
        cents += np.interp(time_s, np.linspace(0, time_s[-1], len(knots)), knots)
        steps = pitch_hz / sample_rate_hz * 2 ** (cents / 1200)
        start = np.concatenate([[0.0], np.cumsum(steps[:-1])[:-1] * CONTROL])
        turns = (start[:, None] + steps[:-1, None] * np.arange(CONTROL)).reshape(-1)[:count]
        apart = rng.normal(0, self.detune_cents, self.players) if self.players > 1 else np.zeros(1)
        return [turns * 2 ** (each / 1200) + rng.random() for each in apart]
