"""What drums play: a bar drawn by role and place in the metre, changed from bar to bar, with fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..tones import Float64
from .pulse import Event, Pulse

OTHERS = ("open", "ride", "tom", "shaker", "wood", "skin", "bell", "clap")
"""What may join kick, snare and hat."""


@dataclass(frozen=True)
class Groove:
    """The chance of a hit per role and step of a bar, how often a bar is changed, and how often filled."""

    chances: dict[str, Float64]
    change: float
    fill: float
    ghosts: float


def draw_groove(pulse: Pulse, rng: np.random.Generator) -> Groove:
    """Return a groove: on every beat, with a backbeat, in half time, broken, or without any of the three."""
    steps = pulse.beats * pulse.steps
    beat = np.arange(steps) / pulse.steps
    whole = beat == np.floor(beat)
    kind = str(rng.choice(["every", "backbeat", "half", "broken", "hands"]))
    chances: dict[str, Float64] = {}
    if kind != "hands":
        kick = {
            "every": 1.0 * whole,
            "half": 1.0 * (beat == 0) + 0.15,
            "backbeat": 1.0 * (beat % 2 == 0) + 0.15 * ~whole,
            "broken": rng.random(steps) ** 2 + (beat == 0),
        }[kind]
        back = beat == pulse.beats // 2 if kind == "half" else beat % 2 == 1
        snare = rng.random(steps) ** 3 if kind == "broken" else 1.0 * back
        chances["kick"] = np.round(np.clip(kick * rng.uniform(0.8, 1.2), 0, 1) * rng.uniform(0.7, 1, steps), 1)
        chances["clap" if rng.random() < 0.2 else "snare"] = snare
        every = int(rng.choice([1, 2, pulse.steps]))
        chances[str(rng.choice(["hat", "hat", "hat", "ride", "shaker"]))] = np.where(
            np.arange(steps) % every == 0, 0.95, 0.0
        )
    for name in rng.choice(OTHERS, int(rng.integers(2, 5) if kind == "hands" else rng.integers(0, 4)), replace=False):
        chances[str(name)] = np.where(rng.random(steps) < rng.uniform(0.08, 0.5), rng.uniform(0.5, 1.0), 0.0)
    for name in [name for name in chances if len(chances) > 1 and rng.random() < 0.12]:
        chances.pop(name)
    return Groove(chances, rng.uniform(0, 0.2), float(rng.choice([0.0, 0.12, 0.25])), float(rng.choice([0, 0.15])))


def play_groove(groove: Groove, pulse: Pulse, beats: float, rng: np.random.Generator) -> dict[str, list[Event]]:
    """Return the hits of every role over some beats; their pitch is 0."""
    steps = pulse.beats * pulse.steps
    accents = 0.5 + 0.4 * rng.random(steps)
    accents[0] = 1.0
    hits: dict[str, list[Event]] = {name: [] for name in (*groove.chances, "crash", "tom", "snare")}
    for bar in np.arange(0, beats, pulse.beats):
        fill = rng.random() < groove.fill
        quiet = steps - int(rng.integers(2, pulse.steps * 2 + 1)) if fill else steps
        for name, chance in groove.chances.items():
            chance = np.where(rng.random(steps) < groove.change, 0.2, chance)
            struck = np.flatnonzero(rng.random(steps) < chance)
            for step in struck[struck < quiet]:
                hits[name].append(Event(bar + step / pulse.steps, 0.0, 0.1, float(accents[step])))
            if name == "snare" and groove.ghosts:
                for step in np.flatnonzero(rng.random(steps) < groove.ghosts):
                    hits[name].append(Event(bar + step / pulse.steps, 0.0, 0.1, 0.2))
        if fill:
            name = str(rng.choice(["tom", "snare"]))
            for step in range(quiet, steps):
                hits[name].append(Event(bar + step / pulse.steps, 0.0, 0.1, rng.uniform(0.6, 1)))
            hits["crash"].append(Event(bar + pulse.beats, 0.0, 0.1, 0.9))
    return {name: events for name, events in hits.items() if events}
