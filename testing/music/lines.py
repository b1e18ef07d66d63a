"""Single lines: melodies, counterpoints and runs that move over the harmony, with rests and ornaments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .harmony import Span, between
from .pulse import Event, Pulse


@dataclass(frozen=True)
class Manner:
    """How a line goes: notes a beat, shares of rests, leaps, ornaments and chromatic notes, doubling."""

    density: float
    rests: float
    leaps: float
    ornaments: float
    chromatic: float
    doubled: tuple[int, ...]
    held: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Return another manner, from long notes to runs."""
        return cls(
            density=float(rng.choice([0.5, 1.0, 1.5, 2.0, 3.0, 4.0], p=[0.12, 0.23, 0.2, 0.2, 0.1, 0.15])),
            rests=float(rng.choice([0.0, rng.uniform(0, 0.35)])),
            leaps=rng.uniform(0, 0.35),
            ornaments=float(rng.choice([0.0, 0.0, rng.uniform(0, 0.3)])),
            chromatic=float(rng.choice([0.0, rng.uniform(0, 0.15)])),
            doubled=((), (), (), (12,), (-12,), (4,), (-5,), (7, 12))[rng.integers(8)],
            held=rng.uniform(0.6, 1.05),
        )


def draw_line(
    spans: list[Span], pulse: Pulse, reach: tuple[int, int], manner: Manner, rng: np.random.Generator
) -> list[Event]:
    """Return a line over all the spans, between two MIDI pitches: rhythms of a few bars that come back."""
    cells = [_rhythm(pulse, manner, rng) for _ in range(int(rng.integers(1, 5)))]
    events: list[Event] = []
    place, heading = 0.5, 1
    end, bar = spans[-1].start + spans[-1].beats, 0.0
    while bar < end:
        cell = cells[rng.integers(len(cells))] if rng.random() < 0.85 else _rhythm(pulse, manner, rng)
        for beat, beats, rest in cell:
            span = _span_at(spans, bar + beat)
            strong = beat == int(beat)
            place, heading = _next_place(place, heading, manner, rng)
            if rest:
                continue
            classes = span.chord if strong and rng.random() < 0.7 else span.scale
            pitch = _nearest(between(classes, *reach), reach[0] + place * (reach[1] - reach[0]))
            pitch += int(rng.choice([-1, 1])) * (not strong and rng.random() < manner.chromatic)
            force = 0.55 + 0.15 * strong + 0.2 * place + 0.1 * rng.random()
            events += _ornamented(Event(bar + beat, pitch, manner.held * beats, force), span, manner, rng)
        bar += pulse.beats
    return events + [
        each._replace(pitch=each.pitch + by, force=0.8 * each.force) for each in events for by in manner.doubled
    ]


def _rhythm(pulse: Pulse, manner: Manner, rng: np.random.Generator) -> list[tuple[float, float, bool]]:
    """Return (beat, beats, rest) over one bar, in steps of the pulse."""
    step = 1 / pulse.steps
    mean = max(1 / manner.density, step)
    steady = rng.random() < 0.4
    cell, beat = [], 0.0
    while beat < pulse.beats - 1e-6:
        beats = mean if steady else mean * float(rng.choice([0.5, 1, 1, 1.5, 2]))
        beats = min(max(round(beats / step), 1) * step, pulse.beats - beat)
        cell.append((beat, beats, bool(rng.random() < manner.rests)))
        beat += beats
    return cell


def _next_place(place: float, heading: int, manner: Manner, rng: np.random.Generator) -> tuple[float, int]:
    """Return where in its reach (0 to 1) a line goes next, and which way it is going: steps, some leaps, turns."""
    if rng.random() < 0.3 or not 0.05 < place < 0.95:
        heading = 1 if rng.random() > place else -1
    far = rng.uniform(0.15, 0.45) if rng.random() < manner.leaps else rng.uniform(0.03, 0.1)
    return float(np.clip(place + heading * far, 0, 1)), heading


def _nearest(pitches: NDArray[np.int64], wanted: float) -> int:
    return int(pitches[np.argmin(np.abs(pitches - wanted))])


def _span_at(spans: list[Span], beat: float) -> Span:
    low, high = 0, len(spans) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if spans[middle].start <= beat else (low, middle - 1)
    return spans[low]


def _ornamented(event: Event, span: Span, manner: Manner, rng: np.random.Generator) -> list[Event]:
    """Return the note, or instead of it a grace note and the note, a turn, a trill, or repetitions."""
    if rng.random() >= manner.ornaments:
        return [event]
    above = between(span.scale, int(event.pitch) + 1, int(event.pitch) + 12)[0]
    below = between(span.scale, int(event.pitch) - 12, int(event.pitch) - 1)[-1]
    kind = rng.integers(4)
    if kind == 0:
        first = Event(event.beat, float(rng.choice([above, below])), 0.08, 0.8 * event.force)
        return [first, event._replace(beat=event.beat + 0.08)]
    figure = ([event.pitch, above, event.pitch, below], [event.pitch, above], [event.pitch])[kind - 1]
    count = int(np.clip(round(event.beats / 0.125), 2, 24))
    each = event.beats / count
    return [Event(event.beat + i * each, float(figure[i % len(figure)]), each, event.force) for i in range(count)]
