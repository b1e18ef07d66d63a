"""Works: a piece that is written down once and performed again in other keys, at other speeds, by other players."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..noises import noise
from ..tones import Float32, frames
from .arranging import KINDS
from .grooves import draw_groove, play_groove
from .harmony import draw_harmony
from .inserts import insert
from .kit import draw_drum
from .mixing import mastered, mixed
from .orchestra import draw_voice
from .pulse import Event, Hand, Pulse
from .stage import perform

SLOWEST, FASTEST = 0.75, 1.33
"""How far a performance's tempo may be from the written one."""
FARTHEST = 6
"""How many semitones up or down a performance may be."""
LATEST_S = 4.0
"""A performance starts up to this much into the work, as written."""
NOISIEST_DB = 6.0
"""Lowest ratio of music to noise."""
KEPT = 0.85
"""How likely a part other than the loudest is played."""
DRUMMED = 0.35
"""How often a kit plays along, in a groove of its own: drums are no part of a work."""


@dataclass(frozen=True)
class Part:
    """What one player plays, as written, and how loud."""

    events: tuple[Event, ...]
    level_db: float


@dataclass(frozen=True)
class Work:
    """A piece as written: its pulse and its parts, the loudest first."""

    pulse: Pulse
    parts: tuple[Part, ...]

    def play(self, rng: np.random.Generator, sample_rate_hz: int, seconds: float) -> Float32:
        """Return float32[n], peak at most 1: a performance; key, tempo, start, voices, room and noise are from `rng`.

        Where all that is played is rests, the result is silent but for noise.
        """
        semitones = int(rng.integers(-FARTHEST, FARTHEST + 1))
        tempo = float(np.exp(rng.uniform(np.log(SLOWEST), np.log(FASTEST))))
        pulse = _at_tempo(self.pulse, tempo)
        first = round(rng.uniform(0, LATEST_S) / self.pulse.beat_s)
        samples = frames(seconds, sample_rate_hz)
        tuning_hz = 440 * 2 ** (rng.uniform(-50, 50) / 1200)
        played = []
        for place, part in enumerate(self.parts):
            if place and rng.random() > KEPT:
                continue
            octave = 12 * int(rng.choice([-1, 0, 0, 0, 1]))
            events = [_moved(event, first, semitones + octave) for event in part.events if event.beat >= first]
            notes = Hand.draw(False, rng).play(events, pulse, tuning_hz, rng)
            voice = draw_voice(rng, float(rng.random()))
            sound = insert(perform(voice, notes, samples, sample_rate_hz, rng), sample_rate_hz, pulse.beat_s, rng)
            played.append((sound, part.level_db + rng.normal(0, 3), float(rng.random())))
        if rng.random() < DRUMMED:
            played.append((_drums(pulse, samples, sample_rate_hz, rng), rng.uniform(-15, 0), 0.0))
        hiss = noise(str(rng.choice(["white", "pink"])), samples, rng).astype(np.float32)
        loudest_db = max(level for _, level, _ in played)
        played.append((hiss, loudest_db - rng.uniform(NOISIEST_DB, 60), 0.0))
        return mastered(mixed(played, sample_rate_hz, rng), sample_rate_hz, rng)


def draw_work(rng: np.random.Generator, seconds: float) -> Work:
    """Return a work that lasts `seconds` at the fastest performance of it; drums alone are none."""
    kinds = [kind for kind in KINDS if kind.share and kind.drums < 1]
    shares = np.array([kind.share for kind in kinds])
    lasting = seconds * FASTEST + LATEST_S
    while True:
        kind = kinds[rng.choice(len(kinds), p=shares / shares.sum())]
        pulse = Pulse.draw(lasting, float(rng.choice([0.0, 0.01, 0.03, 0.1])), rng)
        spans = draw_harmony(pulse.beats, pulse.beats_in(lasting), rng)
        players = [player for player in kind.arranger(spans, pulse, rng) if player.events]
        if players:
            players.sort(key=lambda player: -player.level_db)
            return Work(pulse, tuple(Part(tuple(player.events), player.level_db) for player in players))


def _at_tempo(pulse: Pulse, tempo: float) -> Pulse:
    return replace(pulse, beat_s=pulse.beat_s / tempo, at_s=tuple(at / tempo for at in pulse.at_s))


def _moved(event: Event, beats: int, semitones: int) -> Event:
    return event._replace(beat=event.beat - beats, pitch=event.pitch + semitones)


def _drums(pulse: Pulse, samples: int, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
    """Return float32[samples] of one kit in one groove."""
    total = np.zeros(samples, np.float32)
    hand = Hand.draw(False, rng)
    hits = play_groove(draw_groove(pulse, rng), pulse, pulse.beats_in(samples / sample_rate_hz), rng)
    for name, events in hits.items():
        voice, pitch_hz = draw_drum(name, rng)
        notes = hand.play([event._replace(pitch=69.0) for event in events], pulse, pitch_hz, rng)
        total += perform(voice, notes, samples, sample_rate_hz, rng, takes=3)
    return total
