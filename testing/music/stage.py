"""From notes to sound: every distinct note of a part is rendered once or twice, and played wherever it stands."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from ..melodies import Note
from ..tones import Float32
from .voices import Voice

FORCES = (0.45, 0.75, 1.0)
"""How hard a note may be struck, as far as its timbre goes."""
LONGEST_S = 6.0
"""Longest note; a longer one stops there."""
PITCHES_HZ = (25.0, 3500.0)
"""Notes below or above are left out."""


def perform(
    voice: Voice, notes: list[Note], samples: int, sample_rate_hz: int, rng: np.random.Generator, takes: int = 2
) -> Float32:
    """Return float32[samples]: the notes on a voice; `takes`: most renderings of the same note."""
    groups: dict[tuple[int, int, int], list[tuple[Note, int]]] = defaultdict(list)
    for note in notes:
        start = int(note.onset_s * sample_rate_hz)
        if start < samples and PITCHES_HZ[0] <= note.pitch_hz <= min(PITCHES_HZ[1], 0.4 * sample_rate_hz):
            key = round(1200 * np.log2(note.pitch_hz)), int(np.searchsorted(FORCES[:2], note.velocity))
            groups[*key, int(rng.integers(takes))].append((note, start))
    out = np.zeros(samples, np.float32)
    release = max(int(voice.release_s * sample_rate_hz), 1)
    die = np.square(np.linspace(1, 0, release, dtype=np.float32))
    for (_, force, _), group in groups.items():
        lengths = [_sounding(note, start, voice, samples, sample_rate_hz) for note, start in group]
        longest = max(lengths) + release
        sound = voice.note(group[0][0].pitch_hz, longest / sample_rate_hz, FORCES[force], sample_rate_hz, rng)
        peak = float(np.max(np.abs(sound)))
        sound = sound * np.float32(1 / peak if peak > 1e-9 else 0.0)
        for (note, start), length in zip(group, lengths, strict=True):
            end, whole = start + length, start + length + release
            out[start:end] += np.float32(note.velocity) * sound[:length]
            if end < samples:
                tail = np.float32(note.velocity) * sound[length : length + release] * die
                out[end:whole] += tail[: samples - end]
    return out


def _sounding(note: Note, start: int, voice: Voice, samples: int, sample_rate_hz: int) -> int:
    """Return frames from the start of a note to its release."""
    seconds = min(max(note.length_s, voice.ring_s), LONGEST_S)
    return min(max(int(seconds * sample_rate_hz), 16), samples - start)
