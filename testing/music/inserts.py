"""What a part goes through before the mix: drive, tremolo, echoes, chorus, and a filter that moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..tones import Float32
from .voices import log_uniform

Insert = Callable[[Float32, int, float, np.random.Generator], Float32]


def drive(sound: Float32, sample_rate_hz: int, beat_s: float, rng: np.random.Generator) -> Float32:
    """Return the sound pushed into a curve, from warm to a fuzz, even harmonics or not."""
    del sample_rate_hz, beat_s
    gain, bias = np.float32(log_uniform(rng, 0.7, 30)), np.float32(rng.uniform(0, 0.4))
    return np.asarray(np.tanh(gain * sound + bias) - np.tanh(bias), np.float32)


def tremolo(sound: Float32, sample_rate_hz: int, beat_s: float, rng: np.random.Generator) -> Float32:
    """Return the sound with a level that goes up and down, in time with the beat or not."""
    rate_hz = float(rng.choice([2, 3, 4, 1])) / beat_s if rng.random() < 0.5 else rng.uniform(2, 9)
    angle = 2 * np.pi * (rate_hz * np.arange(len(sound)) / sample_rate_hz + rng.random())
    wave = 0.5 + 0.5 * np.sin(angle.astype(np.float32))
    return np.asarray(sound * (1 - rng.uniform(0.2, 0.95) * wave ** float(rng.choice([0.5, 1, 3]))), np.float32)


def echo(sound: Float32, sample_rate_hz: int, beat_s: float, rng: np.random.Generator) -> Float32:
    """Return the sound with echoes, most often in time with the beat."""
    seconds = beat_s * float(rng.choice([0.25, 1 / 3, 0.5, 0.75, 1])) if rng.random() < 0.8 else rng.uniform(0.03, 0.6)
    delay, kept = max(int(seconds * sample_rate_hz), 1), rng.uniform(0.15, 0.6)
    out = sound.copy()
    for number in range(1, int(np.log(0.03) / np.log(kept)) + 1):
        if number * delay < len(sound):
            out[number * delay :] += np.float32(kept**number) * sound[: len(sound) - number * delay]
    return out


def chorus(sound: Float32, sample_rate_hz: int, beat_s: float, rng: np.random.Generator) -> Float32:
    """Return the sound with a copy whose delay wanders by milliseconds: chorus, or a flanger where it is short."""
    del beat_s
    depth_s = log_uniform(rng, 0.0005, 0.006)
    time_s = np.arange(len(sound)) / sample_rate_hz
    lag = (1.05 + np.sin(2 * np.pi * log_uniform(rng, 0.1, 3) * time_s)) * depth_s * sample_rate_hz
    at = np.arange(len(sound)) - lag
    whole = np.floor(at).astype(np.int64)
    part = (at - whole).astype(np.float32)
    early, late = sound[np.maximum(whole, 0)], sound[np.maximum(whole + 1, 0)]
    return sound + np.float32(rng.uniform(0.3, 0.9)) * (early + part * (late - early))


INSERTS: tuple[tuple[Insert, float], ...] = ((drive, 0.08), (tremolo, 0.06), (echo, 0.15), (chorus, 0.15))
"""What may stand in the way of a part, in this order, and how often."""


def insert(sound: Float32, sample_rate_hz: int, beat_s: float, rng: np.random.Generator) -> Float32:
    """Return a part (float32[n], level about 0.1 to 1) after whatever was drawn for it; most often nothing."""
    for effect, often in INSERTS:
        if rng.random() < often:
            sound = effect(sound, sample_rate_hz, beat_s, rng)
    return sound
