"""Spectrograms to their golden values, against a definition in numpy, and what they must not depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from echodex.encoders.fingerprint.config import PRESETS, FingerprintConfig
from echodex.encoders.fingerprint.frontend import LogMel

Float64 = NDArray[np.float64]


def mel(config: FingerprintConfig, waveforms: NDArray[np.float32]) -> Float64:
    x: Float64 = LogMel(config)(torch.from_numpy(np.atleast_2d(waveforms))).double().numpy()
    return x


def noise(rows: int, seed: int = 0) -> NDArray[np.float32]:
    return (0.1 * np.random.default_rng(seed).standard_normal((rows, 8000))).astype(np.float32)


def test_golden_values_of_nafp(two_tones: NDArray[np.float32]) -> None:
    x = mel(PRESETS["nafp"], two_tones)
    assert x.shape == (1, 256, 32)
    assert_allclose([x.min(), x.max(), x.sum()], [-2.33663, 0, -18381.209], rtol=1e-6, atol=1e-5)


def test_golden_values_of_pfann(two_tones: NDArray[np.float32]) -> None:
    x = mel(PRESETS["pfann"], two_tones)
    assert x.shape == (1, 256, 32)
    assert_allclose([x.min(), x.max(), x.sum()], [-18.4207, 2.24411, -130628.034], rtol=1e-6, atol=1e-5)


def hertz_to_mel(hertz: Float64, scale: str) -> Float64:
    if scale == "htk":
        return 2595 * np.log10(1 + hertz / 700)
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1) / 1000) / np.log(6.4))


def bands(config: FingerprintConfig) -> Float64:
    """Triangles in hertz between edges equally far apart in mel, found by looking them up in a fine table."""
    table = np.linspace(0, 4000, 400_001)
    marks = hertz_to_mel(table, config.mel_scale)
    low, high = hertz_to_mel(np.array([config.f_min, config.f_max]), config.mel_scale)
    edges = np.asarray(np.interp(np.linspace(low, high, config.n_mels + 2), marks, table))
    bins = np.arange(config.n_fft // 2 + 1) * config.sample_rate_hz / config.n_fft
    rows = [np.interp(bins, edges[i : i + 3], [0, 1, 0]) for i in range(config.n_mels)]
    areas = 2 / (edges[2:] - edges[:-2]) if config.mel_norm == "slaney" else np.ones(config.n_mels)
    return np.array(rows) * areas[:, None]


def spectra(config: FingerprintConfig, waveform: Float64) -> Float64:
    """The bands before the logarithm, frame by frame."""
    half = config.n_fft // 2
    padded = np.pad(waveform, half, mode="reflect" if config.padding == "reflect" else "constant")
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.n_fft) / config.n_fft)
    frames = [
        padded[start : start + config.n_fft] * window for start in range(0, len(waveform) + 1, config.hop_samples)
    ]
    return bands(config) @ np.abs(np.fft.rfft(frames, axis=1)).T ** config.power


@pytest.mark.parametrize("name", ["nafp", "pfann", "pfann-naf"])
def test_the_published_forms_equal_their_definition(name: str) -> None:
    config, waveform = PRESETS[name], noise(1)[0].astype(np.float64) + 0.01
    x = waveform if name == "nafp" else waveform - waveform.mean()
    x = {"nafp": x, "pfann": x / np.linalg.norm(x), "pfann-naf": x / np.abs(x).max()}[name]
    expected = np.log(spectra(config, x) + 1e-8) if name == "pfann" else np.log10(spectra(config, x) + 0.06)
    expected -= 0 if name == "pfann" else expected.max()
    assert_allclose(mel(config, waveform.astype(np.float32))[0], expected, atol=2e-3 if name == "pfann" else 2e-5)


def test_our_own_form_equals_its_definition(two_tones: NDArray[np.float32]) -> None:
    config, waveform = PRESETS["small"], two_tones.astype(np.float64) + 0.001 * noise(1)[0]
    x = waveform - waveform.mean()
    decibels = 10 * np.log10(spectra(config, x / np.abs(x).max()) + 1e-8)
    raised = np.maximum(decibels, decibels.max() - 60)
    assert (raised > decibels).any()
    expected = (raised - raised.mean()) / raised.std()
    assert_allclose(mel(config, waveform.astype(np.float32))[0], expected, atol=1e-3)


def test_what_is_not_of_the_batch_does_not_change_with_it() -> None:
    rows = noise(3) * np.array([[1], [5], [0.2]], np.float32)
    for name in PRESETS:
        for row, together in zip(rows, mel(PRESETS[name], rows), strict=True):
            assert_allclose(together, mel(PRESETS[name], row)[0], atol=1e-5)


def test_the_maximum_of_the_batch_is_everybodys() -> None:
    batch = replace(PRESETS["nafp"], normalisation="batch")
    rows = noise(2) * np.array([[1], [8]], np.float32)
    x, alone = mel(batch, rows), mel(PRESETS["nafp"], rows)
    assert_allclose(x[1], alone[1], atol=1e-6)
    shift = x[0] - alone[0]
    assert_allclose(shift, shift[0, 0], atol=1e-5)
    assert shift[0, 0] < -0.5


def test_melspec_maxnorm_brings_a_segment_between_minus_one_and_one(two_tones: NDArray[np.float32]) -> None:
    x = mel(replace(PRESETS["nafp"], rescale=True), two_tones)
    plain = mel(PRESETS["nafp"], two_tones)
    assert_allclose([x.min(), x.max()], [-1, 1], atol=1e-6)
    assert_allclose(x, (plain - plain.min() / 2) / abs(plain.min() / 2 + 1e-10), atol=1e-5)


@pytest.mark.parametrize(("power", "log"), [(1.0, "log"), (1.0, "log10"), (2.0, "log"), (2.0, "log10")])
def test_the_floor_is_as_many_decibels_below_the_maximum_whatever_the_units(power: float, log: str) -> None:
    config = replace(PRESETS["small"], power=power, log=log, standardise=False, floor_db=20.0)
    x = mel(config, np.sin(np.arange(8000, dtype=np.float32)))
    decibels = x * (10 if power == 2.0 else 20) / (1 if log == "log10" else np.log(10))
    assert_allclose([decibels.min(), decibels.max()], [-20, 0], atol=1e-4)


@pytest.mark.parametrize("gain", [1e-4, 0.3, 30.0])
def test_neither_level_nor_offset_matter_to_small(gain: float) -> None:
    row = noise(1)
    assert_allclose(mel(PRESETS["small"], gain * (row + 0.5)), mel(PRESETS["small"], row), atol=2e-2)
    assert_allclose(mel(PRESETS["small"], gain * row), mel(PRESETS["small"], row), atol=1e-4)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("level", [0.0, 1e-38, 1e-20, 1e-9, 1e-4])
def test_silence_and_what_is_nearly_silent_have_finite_spectra(name: str, level: float) -> None:
    assert np.isfinite(mel(PRESETS[name], np.float32(level) * noise(2))).all()
    assert np.isfinite(mel(replace(PRESETS[name], rescale=True), np.float32(level) * noise(2))).all()


def test_half_precision_around_it_changes_nothing() -> None:
    front, rows = LogMel(PRESETS["small"]), torch.from_numpy(noise(2))
    with torch.autocast("cpu", torch.bfloat16):
        inside = front(rows)
    assert torch.equal(inside, front(rows))


def test_it_has_nothing_to_load_or_to_save() -> None:
    assert not LogMel(PRESETS["small"]).state_dict()


@pytest.mark.gpu
def test_a_gpu_hears_the_same() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    rows = torch.from_numpy(noise(4))
    for config in PRESETS.values():
        front = LogMel(config)
        on_cpu = front(rows)
        assert_allclose(front.cuda()(rows.cuda()).cpu(), on_cpu, atol=2e-3)
