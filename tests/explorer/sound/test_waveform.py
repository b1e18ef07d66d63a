"""The outline of clips, against numpy over all samples at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.explorer.sound.clip import Sound
from echodex.explorer.sound.drawing import Size, draw

from .conftest import music


def waveform(sound: Sound, bins: int) -> NDArray[np.int8]:
    return draw(sound, Size(bins=bins)).waveform


@pytest.mark.parametrize(
    ("seconds", "bins"), [(30.0, 1000), (30.0, 7), (9.0, 1), (0.5, 3999), (0.5, 4000), (0.1, 1000)]
)
def test_bins_hold_the_lowest_and_the_highest_sample(sound_of: Callable[..., Sound], seconds: float, bins: int) -> None:
    sound = sound_of(music(seconds, 8_000, 2), 8_000)
    samples, _ = soundfile.read(sound.clip.path, dtype="float32", always_2d=True)
    expected = []
    for number in range(bins):
        first = number * len(samples) // bins
        stretch = samples[first : max((number + 1) * len(samples) // bins, first + 1)]
        expected.append((np.rint(stretch.min() * 127), np.rint(stretch.max() * 127)))
    found = waveform(sound, bins)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, expected)


def test_of_an_excerpt_only_that_is_drawn(sound_of: Callable[..., Sound]) -> None:
    samples = music(4.0, 8_000, 1)
    samples[:8_000] = 0.9
    sound = sound_of(samples, 8_000, offset_s=2.0, duration_s=1.0)
    expected, _ = soundfile.read(sound.clip.path, dtype="float32", start=16_000, stop=24_000)
    assert waveform(sound, 1).tolist() == [[round(float(expected.min()) * 127), round(float(expected.max()) * 127)]]


def test_after_a_file_ends_early_the_line_is_flat(sound_of: Callable[..., Sound]) -> None:
    sound = sound_of(music(2.0, 8_000, 1), 8_000)
    soundfile.write(sound.clip.path, music(1.0, 8_000, 1), 8_000)
    found = waveform(sound, 100)
    assert found[:50].any(axis=1).all()
    assert not found[50:].any()
