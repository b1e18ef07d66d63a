"""Notes in time: phrases that an instrument plays, and melodies that several play in several ways.

Two renditions of one melody are the same work and different recordings: never duplicates of one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .instruments import Instrument
from .tones import Float32, frames, to_peak

MAJOR = (0, 2, 4, 5, 7, 9, 11)
"""Semitones of the scale over its key note."""


@dataclass(frozen=True)
class Note:
    """A note: when it starts, how high, how long it is held, and how loud (0 to 1)."""

    onset_s: float
    pitch_hz: float
    length_s: float
    velocity: float


@dataclass(frozen=True)
class Played:
    """An instrument and what it plays: a sound that can be rendered."""

    instrument: Instrument
    notes: tuple[Note, ...]

    def render(self, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1. A note that starts after `seconds` is left out."""
        out = np.zeros(frames(seconds, sample_rate_hz), np.float32)
        for note in self.notes:
            start, left_s = int(note.onset_s * sample_rate_hz), seconds - note.onset_s
            if left_s < 0.03:
                continue
            sounding_s = min(self.instrument.rings_s or note.length_s, left_s)
            sound = self.instrument.note(note.pitch_hz, sounding_s, sample_rate_hz, rng)[: len(out) - start]
            out[start : start + len(sound)] += np.float32(note.velocity) * sound
        return to_peak(out)


@dataclass(frozen=True)
class Melody:
    """A work: degrees of a major scale (0 is the key note, 7 an octave higher) and how many beats each lasts."""

    degrees: tuple[int, ...]
    beats: tuple[float, ...]


def draw_melody(rng: np.random.Generator, length: int = 12) -> Melody:
    """Return a melody of `length` notes that moves by small steps and comes back to its key note."""
    steps = rng.choice([-2, -1, -1, 1, 1, 2, 3], size=length - 2)
    degrees = np.clip(np.concatenate([[0], np.cumsum(steps), [0]]), -3, 9)
    beats = rng.choice([0.5, 0.5, 1.0, 1.0, 1.5], size=length)
    return Melody(tuple(int(d) for d in degrees), tuple(float(b) for b in beats))


def rendition(melody: Melody, instrument: Instrument, key_hz: float, beats_per_minute: float) -> Played:
    """Return the melody in a key (the pitch of degree 0) and a tempo, on an instrument."""
    beat_s = 60 / beats_per_minute
    onsets = np.concatenate([[0.0], np.cumsum(melody.beats)[:-1]]) * beat_s
    pitches = [key_hz * 2 ** ((12 * (d // 7) + MAJOR[d % 7]) / 12) for d in melody.degrees]
    notes = zip(onsets, pitches, melody.beats, strict=True)
    return Played(instrument, tuple(Note(float(on), hz, 0.95 * beats * beat_s, 0.8) for on, hz, beats in notes))


def draw_phrase(rng: np.random.Generator, seconds: float, lowest_hz: float, highest_hz: float) -> tuple[Note, ...]:
    """Return three to six notes of a scale, one after another, over `seconds`."""
    count = int(rng.integers(3, 7))
    key_hz = lowest_hz * (highest_hz / lowest_hz) ** rng.uniform(0.0, 0.75)
    scale = np.array([key_hz * 2 ** (s / 12) for s in (*MAJOR, 12)])
    pitches = rng.choice(scale[scale <= highest_hz], size=count)
    edges = np.linspace(0.02, 0.9 * seconds, count + 1)
    onsets = edges[:-1] + rng.uniform(0, 0.04, count)
    return tuple(
        Note(float(on), float(hz), float(0.95 * (edges[1] - edges[0])), float(rng.uniform(0.6, 1.0)))
        for on, hz in zip(onsets, pitches, strict=True)
    )


def draw_groove(rng: np.random.Generator, seconds: float, lowest_hz: float, highest_hz: float) -> tuple[Note, ...]:
    """Return hits of one drum: a pattern of eight steps at 70 to 150 beats a minute, by a hand that leaves the grid."""
    step_s = 30 / rng.uniform(70, 150)
    pattern = rng.random(8) < rng.uniform(0.25, 0.8)
    pattern[[0, 4]] = True
    tuning_hz = rng.uniform(lowest_hz, highest_hz)
    steps = [step for step in range(int(seconds / step_s)) if pattern[step % 8]]
    return tuple(
        Note(
            max(step * step_s + rng.normal(0, 0.012), 0.0), tuning_hz * rng.normal(1, 0.01), 0.2, rng.uniform(0.5, 1.0)
        )
        for step in steps
    )
