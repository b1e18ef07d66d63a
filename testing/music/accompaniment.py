"""What goes under a melody: basses, chords in many rhythms, arpeggios, pads and riffs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..tones import Float64
from .harmony import Span, between, voicing
from .pulse import Event, Pulse

Part = Callable[[list[Span], Pulse, float, np.random.Generator], list[Event]]


def bass(spans: list[Span], pulse: Pulse, middle: float, rng: np.random.Generator) -> list[Event]:
    """Return a bass: long roots, roots and fifths, octaves, a walk through the scale, or a rhythm on one note."""
    kind = str(rng.choice(["root", "fifth", "octave", "walk", "rhythm"]))
    rhythm = _hits(pulse, rng.uniform(0.15, 0.7), rng)
    rate = float(rng.choice([0.5, 1.0, 1.0, 2.0]))
    low = round(middle) - 7
    events: list[Event] = []
    for span in spans:
        root = int(between(span.chord[:1], low, low + 12)[0])
        walk = between(span.scale, low, low + 14)
        if kind == "root":
            events.append(Event(span.start, root, span.beats, 0.8))
            continue
        starts = _rhythm_in(span, rhythm, pulse) if kind == "rhythm" else np.arange(0, span.beats, 1 / rate)
        ends = np.append(starts[1:], span.beats) if len(starts) else starts
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            pitch = root
            if number and kind == "walk":
                pitch = int(walk[np.clip(np.searchsorted(walk, root) + rng.integers(-2, 5), 0, len(walk) - 1)])
            elif number % 2 and kind in ("fifth", "octave"):
                pitch = root + (12 if kind == "octave" else int(rng.choice([7, -5])))
            events.append(
                Event(span.start + start, pitch, (end - start) * rng.uniform(0.6, 1.0), 0.8 - 0.15 * (number > 0))
            )
    return events


def chords(spans: list[Span], pulse: Pulse, middle: float, rng: np.random.Generator) -> list[Event]:
    """Return chords struck in a rhythm, spread by a few milliseconds or strummed."""
    rhythm = _hits(pulse, rng.uniform(0.05, 0.6), rng)
    spread = float(rng.choice([0.0, 0.005, rng.uniform(0.01, 0.12)]))
    short, width = rng.uniform(0.2, 1.0), int(rng.integers(10, 26))
    whole = rng.random() < 0.25
    events: list[Event] = []
    for span in spans:
        notes = voicing(span.chord, middle, width, rng)
        starts = np.zeros(1) if whole else _rhythm_in(span, rhythm, pulse)
        ends = np.append(starts[1:], span.beats)[: len(starts)]
        for start, end in zip(starts, ends, strict=True):
            notes = voicing(span.chord, middle, width, rng) if rng.random() < 0.15 else notes
            order = notes if rng.random() < 0.75 else notes[::-1]
            force = rng.uniform(0.5, 0.85)
            for number, pitch in enumerate(order):
                late = number * spread
                events.append(Event(span.start + start + late, pitch, max(short * (end - start) - late, 0.1), force))
    return events


def arpeggio(spans: list[Span], pulse: Pulse, middle: float, rng: np.random.Generator) -> list[Event]:
    """Return broken chords: up, down, to and fro, low-high-middle-high, or at random, even with gaps."""
    order = str(rng.choice(["up", "down", "both", "alberti", "random"]))
    rate = pulse.steps * float(rng.choice([0.5, 1.0, 1.0]))
    gaps = float(rng.choice([0.0, 0.0, rng.uniform(0, 0.4)]))
    width, over = int(rng.integers(10, 30)), float(rng.choice([0.8, 1.0, 3.0]))
    low = round(middle - width / 2)
    events: list[Event] = []
    for span in spans:
        pitches = between(span.chord, low, low + max(width, 12))
        pitches = pitches[: int(rng.integers(3, 9))]
        count = max(round(span.beats * rate), 1)
        path = rng.integers(0, len(pitches), count) if order == "random" else np.arange(count)
        figure = {
            "down": pitches[::-1],
            "both": np.concatenate([pitches, pitches[-2:0:-1]]),
            "alberti": pitches[np.array([0, 2, 1, 2]) % len(pitches)],
        }.get(order, pitches)
        for number in np.flatnonzero(rng.random(count) >= gaps):
            pitch = float(figure[path[number] % len(figure)])
            events.append(
                Event(span.start + number / rate, pitch, over / rate, 0.55 + 0.15 * (number % pulse.steps == 0))
            )
    return events


def pad(spans: list[Span], pulse: Pulse, middle: float, rng: np.random.Generator) -> list[Event]:
    """Return chords held until the next, notes in common tied over."""
    del pulse
    width = int(rng.integers(8, 22))
    low, most = round(middle - width / 2), int(rng.integers(2, 6))
    events: list[Event] = []
    sounding: dict[int, float] = {}
    for span in [*spans, None]:
        notes = set() if span is None else {int(each) for each in between(span.chord, low, low + max(width, 12))[:most]}
        now = spans[-1].start + spans[-1].beats if span is None else span.start
        for pitch in [each for each, since in sounding.items() if each not in notes or now - since > 8]:
            since = sounding.pop(pitch)
            events.append(Event(since, pitch, now - since, 0.6))
        for pitch in notes:
            sounding.setdefault(pitch, now)
    return events


def riff(spans: list[Span], pulse: Pulse, middle: float, rng: np.random.Generator) -> list[Event]:
    """Return a figure of a bar that goes on and on, moved with the chords or not, with a note changed now and then."""
    rhythm = _hits(pulse, rng.uniform(0.3, 0.8), rng)
    moves = rng.random() < 0.6
    degrees = rng.integers(0, 8, len(rhythm))
    low = round(middle) - 6
    events: list[Event] = []
    for span in spans:
        ladder = between(span.chord if moves else spans[0].scale, low, low + 24)
        for start in _rhythm_in(span, rhythm, pulse):
            number = int(np.argmin(np.abs(rhythm - (span.start + start) % pulse.beats)))
            degree = degrees[number] if rng.random() < 0.93 else rng.integers(0, 8)
            length = float(rng.choice([0.25, 0.4]))
            events.append(Event(span.start + start, float(ladder[degree % len(ladder)]), length, rng.uniform(0.5, 0.8)))
    return events


def _hits(pulse: Pulse, density: float, rng: np.random.Generator) -> Float64:
    """Return the beats of a bar that are struck, in steps of the pulse, at least its first."""
    struck = rng.random(pulse.beats * pulse.steps) < density
    struck[0] = True
    return np.flatnonzero(struck) / pulse.steps


def _rhythm_in(span: Span, rhythm: Float64, pulse: Pulse) -> Float64:
    """Return the beats after a span's start that a rhythm of a bar strikes in it; at least its first."""
    bars = np.arange(span.start // pulse.beats, (span.start + span.beats) // pulse.beats + 1) * pulse.beats
    struck = (bars[:, None] + rhythm).ravel() - span.start
    inside = struck[(struck >= 0) & (struck < span.beats - 1e-6)]
    return inside if len(inside) else np.zeros(1)


UNDER: tuple[tuple[Part, float], ...] = ((chords, 0.35), (arpeggio, 0.3), (pad, 0.2), (riff, 0.15))
"""What there is besides a bass, and how often."""
