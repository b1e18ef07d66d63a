"""Who plays what: a band, a solo, several equal lines, drums alone, or slow sheets of sound; events for every voice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .accompaniment import UNDER, Part, arpeggio, bass, chords, pad
from .harmony import Span
from .lines import Manner, draw_line
from .orchestra import draw_voice
from .pulse import Event, Pulse
from .voices import Voice


@dataclass(frozen=True)
class Player:
    """A voice and what it plays."""

    voice: Voice
    events: list[Event]
    level_db: float


DOUBLED = 0.15
"""How often two voices of a band play the same."""

Arranger = Callable[[list[Span], Pulse, np.random.Generator], list[Player]]


def _under(rng: np.random.Generator) -> Part:
    parts, shares = zip(*UNDER, strict=True)
    part: Part = parts[rng.choice(len(parts), p=shares)]
    return part


def _line(spans: list[Span], pulse: Pulse, rng: np.random.Generator, middle: float, width: int = 19) -> list[Event]:
    reach = round(middle - width / 2), round(middle + width / 2)
    return draw_line(spans, pulse, reach, Manner.draw(rng), rng)


def band(spans: list[Span], pulse: Pulse, rng: np.random.Generator) -> list[Player]:
    """Return a bass, one to four parts under a melody, and most often a melody or two; drums come beside."""
    players = []
    if rng.random() < 0.9:
        events = bass(spans, pulse, rng.uniform(34, 46), rng)
        players.append(Player(draw_voice(rng, 0.4), events, rng.uniform(-12, 0)))
    for _ in range(int(rng.choice([1, 2, 3, 4], p=[0.35, 0.35, 0.2, 0.1]))):
        part = _under(rng)
        events = part(spans, pulse, rng.uniform(50, 76), rng)
        players += _players(0.9 if part is pad else 0.35, events, rng.uniform(-14, -2), rng)
    for _ in range(int(rng.choice([0, 1, 1, 1, 2]))):
        players += _players(0.65, _line(spans, pulse, rng, rng.uniform(58, 84)), rng.uniform(-6, 4), rng)
    return players


def _players(held: float, events: list[Event], level_db: float, rng: np.random.Generator) -> list[Player]:
    """Return a player, or two of different voices that play the same."""
    count = 1 + int(rng.random() < DOUBLED)
    return [Player(draw_voice(rng, held), events, level_db) for _ in range(count)]


def solo(spans: list[Span], pulse: Pulse, rng: np.random.Generator) -> list[Player]:
    """Return one voice that plays everything: a bare line, or a line over a left hand, or a left hand alone."""
    voice = draw_voice(rng, 0.25)
    middle = rng.uniform(60, 80)
    kind = str(rng.choice(["line", "both", "both", "both", "under"]))
    events = [] if kind == "under" else _line(spans, pulse, rng, middle, int(rng.integers(12, 30)))
    if kind != "line":
        left = (arpeggio, chords, bass, _under(rng))[rng.integers(4)]
        events = events + left(spans, pulse, middle - rng.uniform(12, 26), rng)
    if kind == "both" and rng.random() < 0.4:
        events = events + bass(spans, pulse, rng.uniform(36, 46), rng)
    return [Player(voice, events, 0.0)]


def ensemble(spans: list[Span], pulse: Pulse, rng: np.random.Generator) -> list[Player]:
    """Return two to six lines from low to high, on like voices or on all kinds: choirs, quartets, organs, gamelans."""
    count = int(rng.integers(2, 7))
    held = float(rng.choice([0.1, 0.8, 1.0]))
    same = draw_voice(rng, held) if rng.random() < 0.5 else None
    manner = Manner.draw(rng)
    players = []
    for middle in np.linspace(rng.uniform(38, 58), rng.uniform(66, 82), count):
        reach = round(middle) - 7, round(middle) + 7
        how = manner if rng.random() < 0.6 else Manner.draw(rng)
        events = draw_line(spans, pulse, reach, how, rng)
        players.append(Player(same or draw_voice(rng, held), events, rng.uniform(-5, 0)))
    return players


def sheets(spans: list[Span], pulse: Pulse, rng: np.random.Generator) -> list[Player]:
    """Return one to three pads, now and then with a slow arpeggio or a line above."""
    players = []
    for _ in range(int(rng.integers(1, 4))):
        events = pad(spans, pulse, rng.uniform(44, 76), rng)
        players.append(Player(draw_voice(rng, 0.9), events, rng.uniform(-6, 0)))
    if rng.random() < 0.5:
        part = _under(rng)
        players.append(Player(draw_voice(rng, 0.3), part(spans, pulse, rng.uniform(60, 80), rng), rng.uniform(-12, -3)))
    if rng.random() < 0.3:
        players.append(Player(draw_voice(rng, 0.7), _line(spans, pulse, rng, rng.uniform(60, 80)), rng.uniform(-9, 0)))
    return players


def nobody(spans: list[Span], pulse: Pulse, rng: np.random.Generator) -> list[Player]:
    """Return no players: drums alone."""
    del spans, pulse, rng
    return []


@dataclass(frozen=True)
class Kind:
    """A kind of music: who arranges it, how often it has drums, how often a machine keeps its time."""

    arranger: Arranger
    share: float
    drums: float
    machine: float


KINDS: tuple[Kind, ...] = (
    Kind(band, 0.44, 0.8, 0.4),
    Kind(solo, 0.29, 0.03, 0.1),
    Kind(ensemble, 0.17, 0.15, 0.1),
    Kind(sheets, 0.06, 0.2, 0.3),
    Kind(nobody, 0.04, 1.0, 0.3),
)
"""Every kind of music, and how often."""
