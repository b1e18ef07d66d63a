"""What is played: chords without gaps, lines inside their reach, drums on the grid, and tempo within its bounds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from echodex.testing.music.accompaniment import UNDER, Part, bass
from echodex.testing.music.grooves import draw_groove, play_groove
from echodex.testing.music.harmony import between, draw_harmony, voicing
from echodex.testing.music.kit import ROLES, draw_drum
from echodex.testing.music.lines import Manner, draw_line
from echodex.testing.music.pulse import Event, Hand, Pulse

SEEDS = range(25)


def plain_pulse(beat_s: float = 0.5, swing: float = 0.5) -> Pulse:
    return Pulse(beats=4, steps=4, beat_s=beat_s, at_s=tuple(np.arange(200) * beat_s), swing=swing)


@pytest.mark.parametrize("seed", SEEDS)
def test_spans_follow_one_another_and_cover_the_piece(seed: int) -> None:
    spans = draw_harmony(4, 60.0, np.random.default_rng(seed))
    ends = [span.start + span.beats for span in spans]
    np.testing.assert_allclose([span.start for span in spans], [0.0, *ends[:-1]])
    assert ends[-1] >= 60
    assert all(span.chord and set(span.chord) <= set(range(12)) for span in spans)


def test_keys_and_scales_vary() -> None:
    scales = {draw_harmony(4, 8.0, np.random.default_rng(seed))[0].scale for seed in range(200)}
    assert len({scale[0] for scale in scales}) == 12
    assert len({len(scale) for scale in scales}) >= 4


def test_pitches_and_voicings_are_of_the_chord() -> None:
    assert between((0, 4, 7), 59, 72).tolist() == [60, 64, 67, 72]
    notes = voicing((9, 0, 4), 60.0, 20, np.random.default_rng(0))
    assert {note % 12 for note in notes} <= {9, 0, 4}
    assert 2 <= len(notes) <= 6


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_stays_in_reach_and_a_plain_one_never_overlaps_itself(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spans, pulse = draw_harmony(4, 40.0, rng), plain_pulse()
    line = draw_line(spans, pulse, (60, 76), Manner(2.0, 0.2, 0.2, 0.0, 0.0, (), 1.0), rng)
    assert all(60 <= event.pitch <= 76 for event in line)
    assert all(first.beat + first.beats <= second.beat + 1e-9 for first, second in pairwise(line))
    adorned = draw_line(spans, pulse, (60, 76), Manner(2.0, 0.2, 0.2, 1.0, 0.1, (12,), 1.0), rng)
    assert len(adorned) > 2 * len(line)
    assert all(event.beats > 0 for event in adorned)


@pytest.mark.parametrize("part", [bass, *(part for part, _ in UNDER)])
@pytest.mark.parametrize("seed", SEEDS)
def test_accompaniments_last_and_stay_around_their_middle(part: Part, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spans = draw_harmony(4, 40.0, rng)
    events = part(spans, plain_pulse(), 55.0, rng)
    assert max(event.beat for event in events) > 30
    assert all(event.beats > 0 and 0 < event.force <= 1 for event in events)
    assert all(25 < event.pitch < 90 for event in events)


@pytest.mark.parametrize("seed", SEEDS)
def test_drums_strike_on_steps_and_know_their_roles(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pulse = plain_pulse()
    hits = play_groove(draw_groove(pulse, rng), pulse, 32.0, rng)
    assert hits
    assert set(hits) <= set(ROLES)
    beats = np.array([event.beat for events in hits.values() for event in events])
    np.testing.assert_allclose(beats * pulse.steps, np.round(beats * pulse.steps))


@pytest.mark.parametrize("role", ROLES)
def test_every_drum_sounds_and_dies(role: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(6):
        drum, pitch_hz = draw_drum(role, rng)
        sound = drum.note(pitch_hz, drum.ring_s, 0.9, 8000, rng)
        assert np.isfinite(sound).all()
        tenth = len(sound) // 10
        assert np.abs(sound[-tenth:]).max() < 0.3 * np.abs(sound).max()


def test_tempo_and_metre_vary_within_bounds() -> None:
    pulses = [Pulse.draw(30.0, 0.0, np.random.default_rng(seed)) for seed in range(100)]
    assert all(60 / 190 <= pulse.beat_s <= 60 / 50 for pulse in pulses)
    assert {pulse.beats for pulse in pulses} == {2, 3, 4, 5, 6, 7}
    loose = Pulse.draw(30.0, 0.1, np.random.default_rng(1))
    assert np.all(np.diff(loose.at_s) > 0.6 * loose.beat_s)
    assert loose.at_s[-1] > 30


def test_swing_moves_the_second_half_of_a_beat() -> None:
    np.testing.assert_allclose(plain_pulse(0.5, 0.6).seconds_at(np.array([0.0, 0.5, 1.0, 3.5])), [0, 0.3, 0.5, 1.8])


def test_a_hand_plays_events_as_notes_near_the_grid() -> None:
    hand = Hand(jitter_s=0.001, behind_s=0.0, touch=0.0, held=0.5)
    notes = hand.play(
        [Event(2.0, 69.0, 1.0, 0.7), Event(4.0, 57.0, 1.0, 0.5)], plain_pulse(), 442.0, np.random.default_rng(0)
    )
    assert [note.pitch_hz for note in notes] == pytest.approx([442, 221])
    assert [note.onset_s for note in notes] == pytest.approx([1.0, 2.0], abs=0.01)
    assert [note.length_s for note in notes] == pytest.approx([0.25, 0.25], abs=0.01)
    assert [note.velocity for note in notes] == pytest.approx([0.7, 0.5])
    assert hand.play([], plain_pulse(), 440.0, np.random.default_rng(0)) == []
