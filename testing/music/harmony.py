"""What sounds together: scales, chords and the order in which they follow one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SCALES: tuple[tuple[int, ...], ...] = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 3, 5, 7, 8, 11),
    (0, 2, 3, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 9, 10),
    (0, 1, 3, 5, 7, 8, 10),
    (0, 2, 4, 6, 7, 9, 11),
    (0, 2, 4, 5, 7, 9, 10),
    (0, 1, 4, 5, 7, 8, 11),
    (0, 2, 4, 7, 9),
    (0, 3, 5, 6, 7, 10),
    (0, 2, 4, 6, 8, 10),
    (0, 1, 3, 4, 6, 7, 9, 10),
    tuple(range(12)),
)
"""Semitones over the key note: the seven-note modes, gapped and symmetrical scales, and all twelve."""
COMMON = (0.24, 0.14, 0.1, 0.05, 0.09, 0.04, 0.04, 0.08, 0.04, 0.06, 0.04, 0.02, 0.02, 0.04)
"""How often each is drawn."""

QUALITIES: tuple[tuple[int, ...], ...] = (
    (0, 4, 7),
    (0, 3, 7),
    (0, 3, 6),
    (0, 4, 8),
    (0, 4, 7, 10),
    (0, 3, 7, 10),
    (0, 4, 7, 11),
    (0, 3, 6, 9),
    (0, 5, 7),
    (0, 5, 10),
    (0, 1, 6),
)
"""Chords by semitones over the root, for what keeps to no scale."""

STACKS: tuple[tuple[int, ...], ...] = ((0, 2, 4, 6), (0, 2, 4, 6, 8), (0, 3, 4), (0, 1, 4), (0, 4), (0, 2, 4, 5), (0,))
"""Degrees over the root of chords that are no triads: sevenths, ninths, suspensions, fifths, a single note."""

DEGREE_STEPS = (3, 4, 1, -1, 2, -2, 0)
DEGREE_OFTEN = (0.3, 0.2, 0.14, 0.12, 0.08, 0.12, 0.04)
"""How far the root goes from chord to chord, in degrees of the scale: by fourths most of all."""


@dataclass(frozen=True)
class Span:
    """A chord and the scale around it, for some beats; pitch classes 0 to 11, the root first."""

    start: float
    beats: float
    chord: tuple[int, ...]
    scale: tuple[int, ...]


def draw_harmony(beats_a_bar: int, total_beats: float, rng: np.random.Generator) -> list[Span]:
    """Return spans that cover at least `total_beats`: sections that repeat a loop of chords, some in a new key."""
    key = int(rng.integers(12))
    scale = SCALES[rng.choice(len(SCALES), p=COMMON)]
    free = len(scale) > 8 or rng.random() < 0.08
    colour = float(rng.choice([0.0, rng.random()]))
    length = beats_a_bar * float(rng.choice([0.5, 1, 1, 1, 2, 4], p=[0.2, 0.2, 0.2, 0.15, 0.15, 0.1]))
    spans: list[Span] = []
    start = 0.0
    while start < total_beats:
        size = 1 if rng.random() < 0.1 else int(rng.integers(2, 9))
        loop = _free_loop(size, rng) if free else _loop(scale, size, colour, rng)
        for _ in range(int(rng.integers(1, 4))):
            for chord in loop:
                if rng.random() < 0.1:
                    chord = _free_loop(1, rng)[0] if free else _loop(scale, 1, colour, rng)[0]
                spans.append(Span(start, length, _moved(chord, key), _moved(scale, key)))
                start += length
        if rng.random() < 0.2:
            key = (key + int(rng.choice([1, 2, 3, 5, 7, 9]))) % 12
    return [span for span in spans if span.start < total_beats]


def _moved(classes: tuple[int, ...], key: int) -> tuple[int, ...]:
    return tuple((each + key) % 12 for each in classes)


def _loop(scale: tuple[int, ...], size: int, colour: float, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Return chords stacked in steps of two degrees; `colour`: how often with more, or other, than three notes."""
    degree = int(rng.integers(len(scale))) if rng.random() < 0.35 else 0
    loop: list[tuple[int, ...]] = []
    for _ in range(size):
        stack = STACKS[rng.integers(len(STACKS))] if rng.random() < colour else (0, 2, 4)
        chord = tuple(dict.fromkeys(scale[(degree + each) % len(scale)] for each in stack))
        if rng.random() < 0.1 * colour:
            chord = _moved(QUALITIES[4], chord[0])
        loop.append(chord)
        degree += int(rng.choice(DEGREE_STEPS, p=DEGREE_OFTEN))
    return loop


def _free_loop(size: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Return chords of any quality on any root."""
    return [_moved(QUALITIES[rng.integers(len(QUALITIES))], int(rng.integers(12))) for _ in range(size)]


def between(classes: tuple[int, ...], low: int, high: int) -> NDArray[np.int64]:
    """Return the MIDI pitches of some classes from `low` to `high`, ascending; never none if that is an octave."""
    pitches = np.arange(low, high + 1)
    wanted = np.zeros(12, bool)
    wanted[list(classes)] = True
    return pitches[wanted[pitches % 12]]


def voicing(chord: tuple[int, ...], middle: float, width: int, rng: np.random.Generator) -> list[int]:
    """Return two to six MIDI pitches of a chord around a middle, close or spread over `width` semitones."""
    low = round(middle - width / 2)
    pitches = between(chord, low, low + max(width, 12))
    most = int(rng.integers(2, 7))
    if len(pitches) > most:
        pitches = np.sort(rng.choice(pitches, most, replace=False))
    return [int(pitch) for pitch in pitches]
