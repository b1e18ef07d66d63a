"""A piece: one recording that nobody has ever played, drawn from a Generator alone."""

from __future__ import annotations

import numpy as np

from ..tones import Float32, frames
from .arranging import KINDS
from .grooves import draw_groove, play_groove
from .harmony import draw_harmony
from .inserts import insert
from .kit import draw_drum
from .mixing import mastered, mixed
from .pulse import Event, Hand, Pulse
from .scenes import place, talk
from .stage import perform

TALK, PLACE, TALK_OVER = 0.035, 0.055, 0.04
"""Shares of pieces that are talk, places, and music under talk."""
SHORTEST_S = 4.0
"""A piece is composed for at least so long; of a shorter one only the middle is heard."""
QUIET_DB = {"crash": -8.0, "open": -10.0, "ride": -10.0, "hat": -11.0, "shaker": -13.0, "bell": -10.0, "wood": -9.0}
"""Drums that are mixed lower than the others."""


def draw_piece(rng: np.random.Generator, sample_rate_hz: int, seconds: float) -> Float32:
    """Return float32[n], peak at most 1: music of any kind, in a tenth of the pieces talk or a place instead.

    Nothing in it is anyone's: harmony, melodies, rhythms, voices and the record's sound come from `rng`, and the same
    state of it gives the same piece. seconds: more than 0; sample_rate_hz: 8000 and up.
    """
    samples = frames(max(seconds, SHORTEST_S), sample_rate_hz)
    kind = rng.random()
    if kind < TALK:
        sound = talk(samples, sample_rate_hz, rng)
    elif kind < TALK + PLACE:
        sound = place(samples, sample_rate_hz, rng)
    else:
        sound = _music(samples, sample_rate_hz, rng)
        while not sound.any():  # a short piece may be all rests
            sound = _music(samples, sample_rate_hz, rng)
        if kind > 1 - TALK_OVER:
            speech = talk(samples, sample_rate_hz, rng), rng.uniform(0, 12), 0.0
            sound = mixed([(sound, 0.0, 0.0), speech], sample_rate_hz, rng)
    wanted = frames(seconds, sample_rate_hz)
    start = (samples - wanted) // 2
    return mastered(sound, sample_rate_hz, rng)[start : start + wanted]


def _music(samples: int, sample_rate_hz: int, rng: np.random.Generator) -> Float32:
    """Return float32[samples] of any level."""
    kind = KINDS[rng.choice(len(KINDS), p=[each.share for each in KINDS])]
    machine = rng.random() < kind.machine
    seconds = samples / sample_rate_hz
    pulse = Pulse.draw(seconds, 0.0 if machine else float(rng.choice([0.01, 0.03, 0.1])), rng)
    beats = pulse.beats_in(seconds)
    players = kind.arranger(draw_harmony(pulse.beats, beats, rng), pulse, rng)
    tuning_hz = 440 * 2 ** (rng.uniform(-50, 50) / 1200)
    parts = []
    for player in players:
        events = _on_and_off(player.events, pulse.beats, beats, rng) if len(players) > 1 else player.events
        notes = Hand.draw(machine, rng).play(events, pulse, tuning_hz, rng)
        sound = insert(perform(player.voice, notes, samples, sample_rate_hz, rng), sample_rate_hz, pulse.beat_s, rng)
        parts.append((sound, player.level_db, rng.random()))
    if rng.random() < kind.drums:
        drums = _drums(pulse, beats, (samples, sample_rate_hz), machine, rng)
        parts.append((drums, rng.uniform(-15, 3), float(rng.choice([0.0, rng.random()]))))
    return mixed(parts, sample_rate_hz, rng)


def _on_and_off(events: list[Event], bar: int, beats: float, rng: np.random.Generator) -> list[Event]:
    """Return the events of the sections that a part plays in; it enters, rests and comes back."""
    section = bar * int(rng.choice([2, 4, 8]))
    playing = rng.random(int(beats / section) + 3) < rng.uniform(0.65, 1.1)
    if not playing.any():
        playing[:] = True
    return [event for event in events if playing[min(int(event.beat / section), len(playing) - 1)]]


def _drums(pulse: Pulse, beats: float, size: tuple[int, int], machine: bool, rng: np.random.Generator) -> Float32:
    """Return float32[samples] of one kit; size: samples, and samples a second."""
    samples, sample_rate_hz = size
    hand = Hand.draw(machine, rng)
    total = np.zeros(samples, np.float32)
    first, other = draw_groove(pulse, rng), draw_groove(pulse, rng)
    hits = play_groove(first, pulse, beats, rng)
    if rng.random() < 0.4:
        half = 2 * pulse.beats * round(beats / (4 * pulse.beats))
        late = play_groove(other, pulse, beats, rng)
        hits = {
            name: [hit for hit in hits.get(name, []) if hit.beat < half]
            + [hit for hit in late.get(name, []) if hit.beat >= half]
            for name in sorted({*hits, *late})
        }
    for name, events in hits.items():
        voice, pitch_hz = draw_drum(name, rng)
        level = 10 ** ((QUIET_DB.get(name, 0.0) + rng.normal(0, 4)) / 20)
        tuned = [event._replace(pitch=69.0) for event in events]
        notes = hand.play(tuned, pulse, pitch_hz, rng)
        total += np.float32(level) * perform(voice, notes, samples, sample_rate_hz, rng, takes=3)
    return insert(total, sample_rate_hz, pulse.beat_s, rng)
