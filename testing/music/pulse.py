"""When: beats in seconds, with tempo that gives way, swing, and hands that leave the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from ..melodies import Note
from ..tones import Float64
from .voices import log_uniform


class Event(NamedTuple):
    """What a part plays, before anyone plays it: pitch in MIDI numbers, lengths in beats, force from 0 to 1."""

    beat: float
    pitch: float
    beats: float
    force: float


@dataclass(frozen=True)
class Pulse:
    """A metre: beats a bar, steps a beat, where every beat falls, and how far off the second half of a beat is."""

    beats: int
    steps: int
    beat_s: float
    at_s: tuple[float, ...]
    swing: float

    @classmethod
    def draw(cls, seconds: float, loose: float, rng: np.random.Generator) -> Self:
        """Return a pulse of 50 to 190 beats a minute over `seconds`; `loose`: how much the tempo gives way."""
        beat_s = 60 / log_uniform(rng, 50, 190)
        count = int(seconds / beat_s * 1.5) + 8
        knots = rng.normal(0, 1, 3 + count // 3)
        pace = loose * np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots)
        at_s = np.concatenate([[0.0], np.cumsum(beat_s * np.exp(np.clip(pace, -0.35, 0.5)))])
        return cls(
            beats=int(rng.choice([4, 3, 2, 5, 6, 7], p=[0.6, 0.18, 0.06, 0.05, 0.06, 0.05])),
            steps=int(rng.choice([4, 3, 2], p=[0.6, 0.25, 0.15])),
            beat_s=beat_s,
            at_s=tuple(at_s.tolist()),
            swing=float(rng.choice([0.5, rng.uniform(0.5, 0.7)])),
        )

    def beats_in(self, seconds: float) -> float:
        """Return how many beats fit."""
        return float(np.searchsorted(self.at_s, seconds)) + 1

    def seconds_at(self, beats: Float64) -> Float64:
        """Return float64[n]: when the beats [n] fall."""
        whole = np.floor(beats)
        swung = np.interp(beats - whole, [0.0, 0.5, 1.0], [0.0, self.swing, 1.0])
        return np.interp(whole + swung, np.arange(len(self.at_s)), self.at_s)


@dataclass(frozen=True)
class Hand:
    """How a part is played: seconds off the grid, ahead or behind, spread of force, and how much of a note is held."""

    jitter_s: float
    behind_s: float
    touch: float
    held: float

    @classmethod
    def draw(cls, machine: bool, rng: np.random.Generator) -> Self:
        """Return a hand; a machine's keeps to the grid."""
        return cls(
            jitter_s=0.0005 if machine else log_uniform(rng, 0.002, 0.02),
            behind_s=0.0 if machine else rng.normal(0, 0.006),
            touch=rng.uniform(0.01, 0.05) if machine else rng.uniform(0.05, 0.25),
            held=float(rng.choice([1.0, rng.uniform(0.3, 1.1)])),
        )

    def play(self, events: list[Event], pulse: Pulse, tuning_hz: float, rng: np.random.Generator) -> list[Note]:
        """Return notes in seconds and Hz; tuning_hz: of the A of MIDI number 69."""
        if not events:
            return []
        beat, pitch, beats, force = np.array(events).T
        start, end = pulse.seconds_at(beat), pulse.seconds_at(beat + beats)
        start = np.maximum(start + self.behind_s + rng.normal(0, self.jitter_s, len(beat)), 0.0)
        length = np.maximum(self.held * (end - start), 0.04)
        hz = tuning_hz * 2 ** ((pitch - 69) / 12)
        velocity = np.clip(force * np.exp(rng.normal(0, self.touch, len(beat))), 0.05, 1.0)
        return [
            Note(*each) for each in zip(start.tolist(), hz.tolist(), length.tolist(), velocity.tolist(), strict=True)
        ]
