from __future__ import annotations

import numpy as np
import pytest

from echodex.encoders.chroma.frames import LONGEST_POOL, chroma, pooled
from echodex.encoders.chroma.spectra import HOP, SAMPLE_RATE_HZ
from echodex.schemas.vector import Float32


def chord(*notes: float, seconds: float = 1.0) -> Float32:
    time_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tones = [np.sin(2 * np.pi * 440 * 2 ** ((note - 69) / 12) * time_s) for note in notes]
    return np.asarray(np.sum(tones, axis=0), np.float32)


@pytest.mark.parametrize("up", range(12))
def test_a_chord_is_its_pitch_classes(up: int) -> None:
    frames = chroma(chord(*(55 + up + third for third in (0, 4, 7, 12))))
    assert frames.shape == (1 + SAMPLE_RATE_HZ // HOP, 12)
    assert set(np.argsort(frames[10])[-3:]) == {(7 + up + third) % 12 for third in (0, 4, 7)}


def test_level_does_not_matter() -> None:
    sound = chord(60, 64, 67)
    np.testing.assert_allclose(chroma(np.float32(0.01) * sound), chroma(sound), atol=1e-3)


@pytest.mark.parametrize("level", [1e12, 1e30, 8e37])
def test_no_level_is_too_high(level: float) -> None:
    sound = chord(60, 64, 67)
    np.testing.assert_allclose(chroma(np.float32(level) * sound), chroma(sound), atol=1e-3)


def test_silence_and_a_short_sound_have_frames() -> None:
    assert not chroma(np.zeros(100, np.float32)).any()
    assert len(chroma(np.ones(1, np.float32))) >= LONGEST_POOL
    assert not pooled(np.zeros((20, 12), np.float32), 5).any()


def test_a_pool_is_a_mean_less_its_own_mean_of_a_length_near_one() -> None:
    frames = np.zeros((11, 12), np.float32)
    frames[:5, 0] = 5.0
    frames[5:10, 3] = 0.5
    found = pooled(frames, 5)
    assert found.shape == (2, 12)
    loud = np.where(np.arange(12) == 0, 11 / 12, -1 / 12) * 5
    quiet = np.where(np.arange(12) == 3, 11 / 12, -1 / 12) * 0.5
    usual = np.sqrt((np.linalg.norm(loud) ** 2 + np.linalg.norm(quiet) ** 2) / 2)
    np.testing.assert_allclose(found[0], loud / (np.linalg.norm(loud) + 0.1 * usual))
    np.testing.assert_allclose(found[1], quiet / (np.linalg.norm(quiet) + 0.1 * usual))
