from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from echodex.audio.downmix import PhaseMeter, mix

UNIT = st.floats(-1, 1, width=32)
RANDOM = np.random.default_rng(0)


def voice(frames: int = 4000) -> np.ndarray:
    return RANDOM.standard_normal(frames).astype(np.float32)


def to_mono(samples: np.ndarray) -> np.ndarray:
    """Measure, then mix, as whoever reads a clip does."""
    meter = PhaseMeter(samples.shape[1])
    meter.add(samples)
    return mix(samples, meter.signs())


def test_two_channels_become_their_mean() -> None:
    assert to_mono(np.array([[1.0, 0.5], [-1.0, 0.0]], np.float32)).tolist() == [0.75, -0.5]


def test_anti_phase_stereo_keeps_its_sound() -> None:
    left = voice()
    assert np.array_equal(to_mono(np.stack([left, -left], axis=1)), left)


def test_nearly_anti_phase_stereo_keeps_its_sound() -> None:
    left, noise = voice(), 0.02 * voice()
    mono = to_mono(np.stack([left, -left + noise], axis=1))
    assert np.abs(mono - left).max() < 0.1


def test_wide_stereo_is_not_flipped() -> None:
    left, right = voice(), voice()
    samples = np.stack([left, -0.8 * left + 0.3 * right], axis=1)
    assert np.allclose(to_mono(samples), samples.mean(axis=1), atol=1e-6)


def test_the_rule_is_a_thousand_times_the_energy_of_the_sum() -> None:
    left = voice()
    for share, flipped in ((0.95, True), (0.93, False)):  # (1 + s)^2 / (1 - s)^2 is 1521 and 760
        meter = PhaseMeter(2)
        meter.add(np.stack([left, -share * left], axis=1))
        assert (meter.signs()[1] < 0) == flipped


def test_the_reference_is_the_first_channel_that_sounds() -> None:
    left = voice()
    silent = np.zeros_like(left)
    mono = to_mono(np.stack([silent, left, -left, left], axis=1))
    assert np.allclose(mono, 0.75 * left, atol=1e-6)


def test_more_channels_flip_only_those_in_anti_phase() -> None:
    left, centre = voice(), voice()
    samples = np.stack([left, -left, centre], axis=1)
    assert np.allclose(to_mono(samples), (2 * left + centre) / 3, atol=1e-6)


@given(arrays(np.float32, st.tuples(st.integers(1, 50), st.integers(1, 8)), elements=UNIT))
def test_the_mix_is_one_channel_no_louder_than_the_loudest(samples: np.ndarray) -> None:
    mono = to_mono(samples)
    assert mono.shape == (len(samples),)
    assert mono.dtype == np.float32
    assert np.abs(mono).max() <= np.abs(samples).max() + 1e-6


@given(arrays(np.float32, st.tuples(st.integers(2, 60), st.integers(2, 4)), elements=UNIT), st.integers(1, 59))
def test_what_is_measured_does_not_depend_on_where_blocks_are_cut(samples: np.ndarray, at: int) -> None:
    whole, parts = PhaseMeter(samples.shape[1]), PhaseMeter(samples.shape[1])
    whole.add(samples)
    for part in (samples[:at], samples[at:]):
        parts.add(part)
    pieces = np.concatenate([mix(samples[:at], parts.signs()), mix(samples[at:], parts.signs())])
    if np.array_equal(whole.signs(), parts.signs()):
        assert np.array_equal(pieces, mix(samples, whole.signs()))


@pytest.mark.parametrize("channels", [1, 2, 6, 64])
def test_equal_channels_come_out_as_one_of_them(channels: int) -> None:
    one = voice()
    assert np.allclose(to_mono(np.tile(one[:, None], channels)), one, atol=1e-6)
