"""The picture of sounds whose picture is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from echodex.explorer.sound.clip import Sound
from echodex.explorer.sound.drawing import Size, draw
from echodex.explorer.sound.spectrogram import Spectrogram

MakeSound = Callable[..., Sound]


def spectrogram(sound: Sound, frames: int, bands: int) -> Spectrogram:
    return draw(sound, Size(frames=frames, bands=bands)).spectrogram


def band_of(hz: float, bands: int, low_hz: float, high_hz: float) -> float:
    """Where a frequency lies on the mel scale of O'Shaughnessy, in bands from 0."""
    low, at, high = (2595 * np.log10(1 + f / 700) for f in (low_hz, hz, high_hz))
    return float((at - low) / (high - low) * (bands + 1) - 1)


@pytest.mark.parametrize("hz", [60.0, 440.0, 3_000.0, 9_000.0])
@pytest.mark.parametrize("bands", [32, 96, 200])
def test_a_tone_is_a_line_at_its_height(sound_of: MakeSound, hz: float, bands: int) -> None:
    rate_hz = 44_100
    tone = 0.4 * np.sin(2 * np.pi * hz * np.arange(rate_hz * 2) / rate_hz)
    found = spectrogram(sound_of(tone[:, None].astype(np.float32), rate_hz), 50, bands)
    assert found.levels.shape == (bands, 50)
    assert found.levels.max() == 255
    heights = found.levels[:, 2:-2].argmax(axis=0)
    assert np.abs(heights - band_of(hz, bands, found.low_hz, found.high_hz)).max() <= 1
    assert found.levels[:, 2:-2].max(axis=0).min() >= 250


def test_columns_are_where_the_sound_is(sound_of: MakeSound) -> None:
    rate_hz, noise = 16_000, np.random.default_rng(0).standard_normal((64_000, 1)).astype(np.float32)
    noise[:32_000] = 0
    found = spectrogram(sound_of(0.1 * noise, rate_hz), 100, 64)
    level = found.levels.astype(float).mean(axis=0)
    assert level[:48].max() < 5
    assert level[52:].min() > 150
    assert found.high_hz == 8_000


@pytest.mark.parametrize("frames", [1, 100, 3_000])
def test_level_is_in_decibels_under_the_loudest(sound_of: MakeSound, frames: int) -> None:
    rate_hz = 16_000
    tone = np.sin(2 * np.pi * 1_000 * np.arange(4 * rate_hz) / rate_hz)
    tone[: 2 * rate_hz] *= 0.1
    found = spectrogram(sound_of(0.5 * tone[:, None].astype(np.float32), rate_hz), frames, 64).levels.max(axis=0)
    if frames > 1:
        quarter, three_quarters = found[frames // 4], found[3 * frames // 4]
        assert abs((int(three_quarters) - int(quarter)) * 80 / 255 - 20) < 0.7


def test_silence_is_black_and_the_shortest_clip_has_a_picture(sound_of: MakeSound) -> None:
    short = np.sin(np.arange(480) * 0.3)[:, None].astype(np.float32)
    found = spectrogram(sound_of(0.5 * short, 8_000, "short.wav"), 600, 96)
    assert found.levels.shape == (96, 600)
    assert found.levels.max() == 255


def test_the_cut_into_blocks_does_not_show(sound_of: MakeSound, monkeypatch: pytest.MonkeyPatch) -> None:
    rate_hz = 8_000
    noise = 0.1 * np.random.default_rng(0).standard_normal((40_000, 1)).astype(np.float32)
    sound = sound_of(noise, rate_hz)
    expected = spectrogram(sound, 77, 48).levels
    for frames in (333, 4_097):
        monkeypatch.setattr("echodex.audio.sndfile.BLOCK_FRAMES", frames)
        np.testing.assert_array_equal(spectrogram(sound, 77, 48).levels, expected)


def test_of_an_excerpt_only_that_is_drawn(sound_of: MakeSound) -> None:
    rate_hz = 16_000
    time_s = np.arange(3 * rate_hz) / rate_hz
    samples = np.where(time_s < 1.5, np.sin(2 * np.pi * 500 * time_s), np.sin(2 * np.pi * 4_000 * time_s))
    found = spectrogram(sound_of(0.3 * samples[:, None].astype(np.float32), rate_hz, offset_s=1.6), 20, 64)
    assert abs(found.levels.argmax(axis=0) - band_of(4_000, 64, found.low_hz, found.high_hz)).max() <= 1


def test_samples_that_are_damage_do_not_spoil_the_rest(sound_of: MakeSound) -> None:
    rate_hz = 8_000
    samples = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(2 * rate_hz) / rate_hz)[:, None].astype(np.float32)
    sound = sound_of(samples, rate_hz)
    samples = np.repeat(samples, 2, axis=1)
    samples[5_000], samples[9_000], samples[9_001] = 3e38, np.inf, np.nan  # the sum of two of the first overflows
    soundfile.write(sound.clip.path, samples, rate_hz, subtype="FLOAT")  # at the same place, for the reader alone
    found = spectrogram(sound, 40, 32).levels
    assert found.max() == 255
    assert (found.max(axis=0) == 255).sum() < 5
