"""What each label of a corpus sounds like, and a recording of it: a sound, a room's noise floor, a level, a seed.

A retake is another recording of nearly the same thing: the same player, phrase and instrument, a moment later. It is
not a duplicate: no waveform is shared.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np

from .drums import Hat, Kick, Snare
from .instruments import BAR, BELL, Blown, Bowed, Instrument, Plucked, Struck
from .melodies import Played, draw_groove, draw_phrase
from .noises import Rain, Surf, Wind, noise
from .tones import Float32, to_peak

T = TypeVar("T")
SECONDS = (2.4, 4.6)
"""Shortest and longest clip."""
RATES_HZ = (16_000, 22_050, 32_000, 44_100, 48_000)


class Sound(Protocol):
    """Anything that can be rendered."""

    def render(self, seconds: float, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
        """Return float32[n], peak 1."""


@dataclass(frozen=True)
class Recording:
    """A sound as it was recorded: `peak_db` is its level, `floor_db` that of the pink noise under it, re full scale."""

    sound: Sound
    seconds: float
    sample_rate_hz: int
    channels: int
    peak_db: float
    floor_db: float
    seed: int

    def render(self) -> Float32:
        """Return float32[n, channels]; the same recording gives the same samples."""
        rng = np.random.default_rng(self.seed)
        mono = to_peak(self.sound.render(self.seconds, self.sample_rate_hz, rng), self.peak_db - 0.5)
        floors = [noise("pink", len(mono), rng) for _ in range(self.channels)]
        pan = np.array([1.0, 0.8])[: self.channels]
        mixed = mono[:, None] * pan + 10 ** (self.floor_db / 20) * np.stack(floors, axis=1)
        return to_peak(mixed, self.peak_db)


def record(sound_of: Callable[[np.random.Generator, float], Sound], rng: np.random.Generator) -> Recording:
    """Return a recording of a sound drawn by `sound_of(rng, seconds)`."""
    seconds = float(rng.uniform(*SECONDS))
    return Recording(
        sound=sound_of(rng, seconds),
        seconds=seconds,
        sample_rate_hz=int(rng.choice(RATES_HZ, p=(0.25, 0.35, 0.1, 0.25, 0.05))),
        channels=int(rng.choice([1, 2], p=(0.85, 0.15))),
        peak_db=rng.uniform(-14, -1),
        floor_db=rng.uniform(-70, -50),
        seed=int(rng.integers(2**62)),
    )


def retake(recording: Recording, rng: np.random.Generator) -> Recording:
    """Return another take of the same thing: pace, times, pitches and touch vary by what a player cannot help."""
    sound: Any = recording.sound
    if isinstance(sound, Played):
        pace = rng.normal(1, 0.02)
        moved = [
            replace(
                note,
                onset_s=max(pace * note.onset_s + rng.normal(0, 0.012), 0.0),
                pitch_hz=note.pitch_hz * 2 ** (rng.normal(0, 8) / 1200),
                velocity=float(np.clip(note.velocity * rng.normal(1, 0.08), 0.2, 1)),
            )
            for note in sound.notes
        ]
        sound = Played(vary(sound.instrument, rng), tuple(moved))
    else:
        sound = vary(sound, rng)
    peak_db = float(np.clip(recording.peak_db + rng.normal(0, 1), -16, -1))
    return replace(recording, sound=sound, peak_db=peak_db, seed=int(rng.integers(2**62)))


def vary(settings: T, rng: np.random.Generator, amount: float = 0.03) -> T:
    """Return a frozen dataclass of numbers with each float, or tuple of them, off by a factor near 1 + `amount`."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        value = getattr(settings, field.name)
        if isinstance(value, tuple):
            changed[field.name] = tuple(float(each * rng.normal(1, amount / 3)) for each in value)
        else:
            changed[field.name] = float(value * rng.normal(1, amount))
    return replace(settings, **changed)  # type: ignore[type-var]


def _phrase(draw: Callable[[np.random.Generator], Instrument], lowest_hz: float, highest_hz: float) -> Any:
    return lambda rng, seconds: Played(draw(rng), draw_phrase(rng, seconds, lowest_hz, highest_hz))


def _groove(draw: Callable[[np.random.Generator], Instrument], lowest_hz: float, highest_hz: float) -> Any:
    return lambda rng, seconds: Played(draw(rng), draw_groove(rng, seconds, lowest_hz, highest_hz))


INSTRUMENTS: dict[str, Callable[[np.random.Generator], Instrument]] = {
    "guitar": lambda rng: Plucked.draw(rng, (0.35, 1.1), 1.1),
    "harp": lambda rng: Plucked.draw(rng, (0.7, 2.0), 1.5),
    "bell": lambda rng: Struck.draw(rng, BELL, (0.8, 2.2)),
    "marimba": lambda rng: Struck.draw(rng, BAR, (0.12, 0.4)),
    "violin": lambda rng: Bowed.draw(rng, rng.uniform(420, 560)),
    "cello": lambda rng: Bowed.draw(rng, rng.uniform(180, 260)),
    "flute": lambda rng: Blown.draw(rng, (0.4, 1.0), (0.03, 0.15)),
    "clarinet": lambda rng: Blown.draw(rng, (0.02, 0.2), (0.01, 0.05)),
}
"""Pitched instruments by label: each call draws another."""

LABELS: dict[str, Callable[[np.random.Generator, float], Sound]] = {
    "guitar": _phrase(INSTRUMENTS["guitar"], 90, 600),
    "harp": _phrase(INSTRUMENTS["harp"], 120, 1000),
    "bell": _phrase(INSTRUMENTS["bell"], 180, 900),
    "marimba": _phrase(INSTRUMENTS["marimba"], 150, 900),
    "violin": _phrase(INSTRUMENTS["violin"], 200, 1200),
    "cello": _phrase(INSTRUMENTS["cello"], 65, 500),
    "flute": _phrase(INSTRUMENTS["flute"], 260, 1400),
    "clarinet": _phrase(INSTRUMENTS["clarinet"], 150, 1000),
    "kick": _groove(Kick.draw, 42, 65),
    "snare": _groove(Snare.draw, 150, 250),
    "hat": _groove(Hat.draw, 350, 700),
    "rain": lambda rng, _: Rain.draw(rng),
    "wind": lambda rng, _: Wind.draw(rng),
    "surf": lambda rng, _: Surf.draw(rng),
}
"""What a sound of each label is drawn by, given a Generator and the length in seconds."""
