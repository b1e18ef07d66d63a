"""Melodies in renditions, and recordings in takes: alike to the ear, never the same waveform."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from echodex.testing.instruments import Plucked
from echodex.testing.melodies import Melody, Note, Played, draw_melody, rendition
from echodex.testing.recordings import LABELS, record, retake

STRING = Plucked(position=0.2, tilt=1.0, decay_s=0.5, damping=0.3, stiffness=0.0)


def test_a_rendition_is_the_melody_in_a_key_and_a_tempo() -> None:
    melody = Melody(degrees=(0, 4, 7, -1), beats=(1.0, 0.5, 0.5, 1.0))
    notes = rendition(melody, STRING, key_hz=220.0, beats_per_minute=120).notes
    assert [note.onset_s for note in notes] == [0.0, 0.5, 0.75, 1.0]
    semitones = [12 * np.log2(note.pitch_hz / 220) for note in notes]
    assert semitones == pytest.approx([0, 7, 12, -1])


def test_two_renditions_keep_the_intervals_and_the_rhythm() -> None:
    melody = draw_melody(np.random.default_rng(0))
    a, b = (rendition(melody, STRING, key, tempo).notes for key, tempo in ((220.0, 120.0), (277.2, 180.0)))
    ratios = np.array([x.pitch_hz / y.pitch_hz for x, y in zip(a, b, strict=True)])
    np.testing.assert_allclose(ratios, ratios[0])
    np.testing.assert_allclose([1.5 * y.onset_s for y in b], [x.onset_s for x in a])


def test_notes_start_where_they_should_and_late_ones_are_left_out() -> None:
    played = Played(STRING, (Note(0.5, 220.0, 0.2, 1.0), Note(2.0, 220.0, 0.2, 1.0)))
    sound = played.render(1.0, 8000, np.random.default_rng(0))
    assert len(sound) == 8000
    assert not sound[:3999].any()
    assert sound[4000:4400].any()


@pytest.mark.parametrize("label", list(LABELS))
def test_a_recording_is_within_full_scale_at_its_level(label: str) -> None:
    recording = record(LABELS[label], np.random.default_rng(7))
    samples = recording.render()
    assert samples.dtype == np.float32
    assert samples.shape == (round(recording.seconds * recording.sample_rate_hz), recording.channels)
    assert np.max(np.abs(samples)) == pytest.approx(10 ** (recording.peak_db / 20), rel=1e-5)
    assert np.max(np.abs(samples)) < 0.9
    np.testing.assert_array_equal(samples, recording.render())


def best_correlation(a: Any, b: Any) -> float:
    """Largest normalised cross-correlation over all lags: 1 for the same waveform moved."""
    size = 1 << (len(a) + len(b)).bit_length()
    lags = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    return float(np.max(np.abs(lags)) / np.sqrt(np.sum(a**2) * np.sum(b**2)))


@pytest.mark.parametrize("label", list(LABELS))
def test_a_retake_is_another_recording_of_the_same_thing(label: str) -> None:
    rng = np.random.default_rng(11)
    first = record(LABELS[label], rng)
    again = retake(first, rng)
    a, b = (take.render().mean(axis=1).astype(np.float64) for take in (first, again))
    assert len(a) == len(b)
    assert best_correlation(a, b) < 0.9
