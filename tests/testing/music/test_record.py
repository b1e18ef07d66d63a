"""From notes to a record: where notes sound, how loud parts are, and what mastering may not do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from echodex.testing.melodies import Note
from echodex.testing.music.inserts import INSERTS, Insert
from echodex.testing.music.mixing import loudness, mastered, mixed
from echodex.testing.music.scenes import place, talk
from echodex.testing.music.stage import perform
from echodex.testing.tones import Float32, tone

RATE = 8000


@dataclass(frozen=True)
class Buzz:
    """A voice that plays ones, and counts how often it is asked."""

    asked: list[float]
    ring_s: float = 0.0
    release_s: ClassVar[float] = 0.1

    def note(
        self, pitch_hz: float, seconds: float, force: float, sample_rate_hz: int, rng: np.random.Generator
    ) -> Float32:
        self.asked.append(pitch_hz)
        return np.full(round(seconds * sample_rate_hz), 0.2, np.float32)


def test_a_note_sounds_from_its_onset_to_its_release() -> None:
    out = perform(Buzz([]), [Note(0.5, 440.0, 0.25, 0.8)], RATE, RATE, np.random.default_rng(0))
    np.testing.assert_allclose(out[:4000], 0)
    np.testing.assert_allclose(out[4000:6000], 0.8, rtol=1e-6)
    np.testing.assert_allclose(out[6000:6800], 0.8 * np.linspace(1, 0, 800) ** 2, atol=1e-6)
    np.testing.assert_allclose(out[6800:], 0)


def test_a_struck_voice_rings_on_and_the_end_of_the_piece_cuts_it() -> None:
    out = perform(Buzz([], ring_s=2.0), [Note(0.5, 440.0, 0.1, 0.5)], RATE, RATE, np.random.default_rng(0))
    np.testing.assert_allclose(out[4000:], 0.5, rtol=1e-6)


def test_the_same_note_is_rendered_once_for_all_its_places() -> None:
    asked: list[float] = []
    notes = [Note(0.1 * at, hz, 0.05, 0.9) for at in range(8) for hz in (220.0, 330.0)]
    out = perform(Buzz(asked), notes, RATE, RATE, np.random.default_rng(0), takes=1)
    assert sorted(asked) == [220.0, 330.0]
    assert np.count_nonzero(out) > 0.9 * 0.8 * RATE


def test_notes_beyond_the_piece_or_hearing_are_left_out() -> None:
    notes = [Note(2.0, 440.0, 1.0, 1.0), Note(0.0, 3900.0, 1.0, 1.0), Note(0.0, 10.0, 1.0, 1.0)]
    assert not perform(Buzz([]), notes, RATE, RATE, np.random.default_rng(0)).any()


def test_loudness_is_of_what_is_heard_not_of_the_rests() -> None:
    sound = np.zeros(10 * RATE, np.float32)
    sound[:RATE] = tone(400.0, 1.0, RATE, amplitude=0.5)
    assert loudness(sound, RATE) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert loudness(np.zeros(RATE, np.float32), RATE) == 0


def test_a_part_in_the_mix_is_as_loud_as_it_is_told() -> None:
    low, high = tone(500.0, 4.0, RATE), 0.01 * tone(1500.0, 4.0, RATE)
    ratios_db = []
    for seed in range(30):
        spectrum = np.abs(np.fft.rfft(mixed([(low, 0.0, 0.0), (high, -6.0, 0.0)], RATE, np.random.default_rng(seed))))
        ratios_db.append(20 * np.log10(spectrum[5990:6010].max() / spectrum[1990:2010].max()))
    assert np.median(ratios_db) == pytest.approx(-6, abs=3)
    assert np.std(ratios_db) > 0.5


@pytest.mark.parametrize("seed", range(30))
def test_a_record_is_within_full_scale_and_silence_stays(seed: int) -> None:
    rng = np.random.default_rng(seed)
    loud = mastered(40 * tone(300.0, 3.0, RATE) + tone(900.0, 3.0, RATE), RATE, rng)
    assert 0.2 < np.abs(loud).max() <= 1
    assert np.isfinite(mastered(np.zeros(RATE, np.float32), RATE, rng)).all()


@pytest.mark.parametrize("effect", [effect for effect, _ in INSERTS])
def test_inserts_change_a_part_and_keep_its_length(effect: Insert) -> None:
    sound = tone(300.0, 2.0, RATE)
    for seed in range(10):
        changed = effect(sound, RATE, 0.5, np.random.default_rng(seed))
        assert changed.shape == sound.shape
        assert np.isfinite(changed).all()
        assert np.abs(changed - sound).max() > 0.01


def test_talk_and_places_are_heard() -> None:
    for seed in range(8):
        for scene in (talk, place):
            sound = scene(4 * RATE, RATE, np.random.default_rng(seed))
            assert sound.shape == (4 * RATE,)
            assert np.sqrt(np.mean(sound**2)) > 0.01
