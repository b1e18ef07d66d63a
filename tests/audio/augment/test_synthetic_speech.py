"""Voices: a pitch, syllables, the balance of speech; and that many are steadier than one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

from echodex.audio.augment.synthetic_speech import babble, voice

RATE = 8000
LONG = 40_000


@pytest.fixture(scope="module")
def voices() -> np.ndarray:
    return np.stack([voice(LONG, RATE, np.random.default_rng(seed)) for seed in range(30)])


def envelope(sound: np.ndarray) -> np.ndarray:
    """Loudness at 100 Hz."""
    return np.asarray(np.sqrt(np.mean(sound.reshape(-1, 80) ** 2, axis=1)))


def test_syllables_come_3_to_7_times_a_second(voices: np.ndarray) -> None:
    spectra = np.abs([np.fft.rfft(envelope(sound) - envelope(sound).mean()) for sound in voices]) ** 2
    at_hz = np.fft.rfftfreq(LONG // 80, 0.01)
    shares = [spectra[:, (at_hz >= low) & (at_hz < high)].sum() for low, high in ((0.1, 1), (2, 9), (15, 50))]
    assert shares[1] > 1.3 * shares[0]
    assert shares[1] > 3 * shares[2]


def test_voiced_frames_have_a_pitch_of_people(voices: np.ndarray) -> None:
    pitches = []
    for sound in voices:
        frames = sound.reshape(-1, 400)
        loud = frames[np.mean(frames**2, axis=1) > np.mean(sound**2)]
        correlation = np.stack([scipy.signal.correlate(frame, frame)[399:] for frame in loud])
        lags = correlation[:, 20:130] / correlation[:, :1]
        assert np.median(lags.max(axis=1)) > 0.35
        pitches.append(RATE / (20 + np.median(lags.argmax(axis=1))))
    assert 80 < np.percentile(pitches, 10) < 150
    assert 180 < np.percentile(pitches, 90) < 350


def test_the_balance_is_that_of_real_voices(voices: np.ndarray, shared_data: Path) -> None:
    """Within 8 dB in each octave; what is left is who speaks, into what."""
    paths = sorted((shared_data / "speech_digits").rglob("*.flac"))[::20]
    real = np.concatenate([soundfile.read(path)[0] for path in paths])
    bounds = [125, 250, 500, 1000, 2000, 3400]

    def octaves_db(sound: np.ndarray) -> np.ndarray:
        frequency_hz, density = scipy.signal.welch(sound, RATE, nperseg=1024)
        powers = [density[(frequency_hz >= low) & (frequency_hz < high)].sum() for low, high in pairwise(bounds)]
        return np.asarray(10 * np.log10(np.array(powers) / np.sum(powers)))

    np.testing.assert_allclose(octaves_db(voices.ravel()), octaves_db(real), atol=8)


def test_a_crowd_is_steadier_than_one_voice(voices: np.ndarray) -> None:
    crowd = np.stack([voices[first : first + 10].sum(axis=0) for first in (0, 10, 20)])
    one, many = (np.mean([np.std(np.log(envelope(sound))) for sound in group]) for group in (voices, crowd))
    assert many < 0.5 * one
    drawn = [np.std(np.log(envelope(babble(LONG, RATE, np.random.default_rng(seed))))) for seed in range(20)]
    assert min(drawn) < 1.3 * many
    assert max(drawn) > 0.7 * one
