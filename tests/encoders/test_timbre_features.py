from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echodex.encoders import timbre_features as features
from echodex.encoders.timbre_features import GROUPS, PART_S, RAW, describe
from echodex.encoders.timbre_spectra import SAMPLE_RATE_HZ, spectra
from echodex.schemas.vector import Float32
from echodex.testing.tones import tone


def sound(seconds: float = 1.0, seed: int = 0) -> Float32:
    random = np.random.default_rng(seed)
    count = int(seconds * SAMPLE_RATE_HZ)
    swell = np.interp(np.arange(count), np.linspace(0, count, 9), random.random(9))
    return (swell * random.standard_normal(count) + tone(440.0, seconds)).astype(np.float32)


def test_the_groups_that_the_row_is_made_of() -> None:
    of = spectra(sound())
    sizes = {name: sum(len(part) for part in group(of)) for name, group in GROUPS.items()}
    assert sizes == {
        "log_mel": 5 * 48,
        "mfcc": 6 * 24,
        "weighted_spectrum": 48 + 2 * 24,
        "pcen": 3 * 48,
        "modulation_spectrum": (16 + 16 + 20) * 8,
        "spectral_shape": 7 * 24 + 276 + 72,
        "mfcc_correlations": 2 * 120,
        "envelope": 15 + 15 + 18,
    }
    assert sum(sizes.values()) == RAW
    assert all(part.dtype == np.float32 for group in GROUPS.values() for part in group(of))


def test_pcen_is_the_recursion_of_the_paper() -> None:
    of = spectra(sound())
    gain = 1 - np.exp(-1 / 40)
    energy = of.mel.astype(float) * 1e6
    smooth, levels = energy.mean(axis=1), []
    for frame in energy.T:
        smooth = (1 - gain) * smooth + gain * frame
        levels.append((frame / (1e-2 + smooth) ** 0.9 + 2) ** 0.5 - 2**0.5)
    mean, log_deviation, _ = features.pcen(of)
    np.testing.assert_allclose(mean, np.mean(levels, axis=0), rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(np.exp(log_deviation), np.std(levels, axis=0) + 0.05, rtol=1e-2)


def test_the_envelope_knows_how_often_something_happens() -> None:
    click = np.zeros(4 * SAMPLE_RATE_HZ, np.float32)
    click[:: SAMPLE_RATE_HZ // 100 * 32] = 1  # every 320 ms
    _, onsets, _ = features.envelope(spectra(click))
    assert features.LAGS[int(onsets[4:].argmax()) + 4] == 32


@pytest.mark.parametrize("gain", [0.5, 0.1, 1e-3, 20.0])
def test_level_and_a_constant_offset_cancel(gain: float) -> None:
    plain = sound()
    np.testing.assert_allclose(describe(np.float32(gain) * plain), describe(plain), rtol=0.02, atol=0.02)
    assert np.median(np.abs(describe(plain + np.float32(0.25)) - describe(plain))) < 1e-4


@pytest.mark.parametrize(
    "waveform",
    [
        np.zeros(0),
        np.zeros(1),
        np.ones(1),
        np.zeros(800),
        np.full(SAMPLE_RATE_HZ, 0.3),
        np.random.default_rng(0).standard_normal(800),
        np.sin(np.arange(8000) * 0.05),
        np.sign(np.sin(np.arange(8000) * 0.05)),
        np.eye(1, SAMPLE_RATE_HZ, 777)[0],
        np.tile([1.0, -1.0], 8000),
        1e-42 * np.random.default_rng(1).standard_normal(8000),
        3.4e38 * np.sign(np.random.default_rng(2).standard_normal(8000)),
        1 + 1e-4 * np.random.default_rng(3).standard_normal(8000),
        np.concatenate([np.ones(800), np.zeros(70 * SAMPLE_RATE_HZ)]),
    ],
    ids=[
        "none",
        "one",
        "constant-one",
        "silence",
        "dc",
        "short",
        "tone",
        "square",
        "click",
        "nyquist",
        "subnormal",
        "huge",
        "offset",
        "mostly-silent",
    ],
)
def test_whatever_comes_is_described_in_finite_numbers(waveform: Float32) -> None:
    row = describe(waveform.astype(np.float32))
    assert row.shape == (RAW,)
    assert row.dtype == np.float32
    assert np.isfinite(row).all()
    assert np.abs(row).max() < 1e4


@settings(max_examples=25)
@given(st.integers(0, 2**31), st.integers(1, 9000), st.floats(-6, 6))
def test_any_length_and_level_is_described(seed: int, count: int, power: float) -> None:
    random = np.random.default_rng(seed)
    waveform = random.standard_normal(count) * 10**power * (random.random(count) < random.random())
    assert np.isfinite(describe(waveform.astype(np.float32))).all()


def test_all_silence_is_the_same() -> None:
    np.testing.assert_allclose(describe(np.full(99, -0.7, np.float32)), describe(np.zeros(0, np.float32)), atol=1e-4)


def test_a_long_clip_is_the_mean_of_its_equal_parts() -> None:
    parts = [sound(20.0, seed) / np.float32(8) for seed in (1, 2)]
    whole = np.concatenate(parts)
    peak = np.abs(whole).max()
    offset = np.float32(whole.mean(dtype=np.float64) / peak)
    rows = [features._measured(part / peak - offset)[1] for part in parts]
    assert len(whole) > PART_S * SAMPLE_RATE_HZ
    np.testing.assert_array_equal(describe(whole), np.mean(rows, axis=0))


def test_a_silent_part_of_a_long_clip_does_not_count() -> None:
    loud = sound(25.0)
    with_pause = np.concatenate([loud - loud.mean(), np.zeros(25 * SAMPLE_RATE_HZ, np.float32)])
    np.testing.assert_allclose(describe(with_pause), describe(loud), rtol=0.02, atol=0.02)


@pytest.mark.slow
def test_an_hour_takes_little_more_memory_than_its_samples() -> None:
    hour = np.random.default_rng(0).standard_normal(3600 * SAMPLE_RATE_HZ, dtype=np.float32)
    tracemalloc.start()
    describe(hour)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20
