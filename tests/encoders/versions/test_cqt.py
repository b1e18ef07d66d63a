"""The constant-Q front end to its golden values, against sums made one by one, and by blocks."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from echodex.encoders.versions.config import PRESETS
from echodex.encoders.versions.cqt import ConstantQ, cqt_kernels

DVI = PRESETS["dvi"]


def noise(samples: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


def band(waveform: NDArray[np.float64], k: int, frame: int) -> float:
    """One number of nnAudio's CQT1992v2, in its own words: a kernel of 16384 over the mirrored waveform."""
    frequency = 32.70 * 2 ** (k / 12)
    length = math.ceil(16_000 / frequency / (2 ** (1 / 12) - 1))
    hann = 0.5 * (1 - np.cos(2 * np.pi * np.arange(length) / length))
    n = np.r_[-float(length) // 2 : float(length) // 2]
    kernel = hann * np.exp(2j * np.pi * frequency * n / 16_000) / length
    kernel /= np.abs(kernel).sum()
    start = math.ceil(8192 - length / 2) - length % 2
    mirrored = np.pad(waveform, 8192, mode="reflect")
    heard = mirrored[320 * frame + start :][:length]
    return float(abs((heard * kernel).sum()) * math.sqrt(length))


@torch.inference_mode()
def test_golden_values() -> None:
    time_s = np.arange(320_000) / 16_000
    tone = torch.from_numpy((0.5 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32))[None]
    front = ConstantQ(DVI)
    magnitudes = front.magnitudes(tone)[0]
    assert magnitudes.shape == (84, 1001)
    assert magnitudes[:, 500].argmax() == 45
    assert_allclose(magnitudes[45, 500], 6.1846, atol=5e-5)
    assert_allclose(magnitudes.sum(), 13262.18, atol=0.05)
    pooled = front(tone)[0]
    assert pooled.shape == (84, 200)
    assert_allclose(pooled, magnitudes[:, :1000].reshape(84, 200, 5).mean(2), rtol=1e-5)


def test_kernels_have_the_published_lengths() -> None:
    kernels = cqt_kernels(DVI)
    heard = [np.flatnonzero(row) for row in kernels]
    lengths = [int(found[-1] - found[0]) + 2 for found in heard]  # a Hann window begins with a zero
    assert kernels.shape == (84, 16_384)
    assert (lengths[0], lengths[-1]) == (8229, 69)
    assert_allclose(np.abs(kernels).sum(1), np.sqrt(lengths), rtol=1e-12)


@pytest.mark.parametrize(("k", "frame"), [(0, 0), (0, 37), (5, 200), (40, 99), (45, 0), (83, 150), (12, 201)])
@torch.inference_mode()
def test_a_band_of_a_frame_is_its_sum(k: int, frame: int) -> None:
    waveform = noise(64_500)
    found = ConstantQ(replace(DVI, segment_s=2.0)).magnitudes(waveform)[0]
    assert found.shape == (84, 202)
    assert_allclose(found[k, frame], band(waveform[0].double().numpy(), k, frame), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("samples", [8193, 31_999, 32_000, 32_319, 32_320, 70_001])
@torch.inference_mode()
def test_blocks_leave_no_seam(samples: int) -> None:
    """Frames do not depend on how many go at once."""
    waveforms = torch.cat([noise(samples), noise(samples, 1)])
    one_block = ConstantQ(DVI).magnitudes(waveforms)
    blocks = ConstantQ(replace(PRESETS["small"], segment_s=0.6)).magnitudes(waveforms)
    assert one_block.shape == blocks.shape == (2, 84, 1 + samples // 320)
    assert_allclose(blocks, one_block, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_a_waveform_alone_has_the_same_frames() -> None:
    front, waveforms = ConstantQ(replace(DVI, segment_s=2.0)), torch.cat([noise(32_000), noise(32_000, 1)])
    together = front(waveforms)
    assert torch.equal(front(waveforms[1:]), together[1:])


def test_it_has_nothing_to_load() -> None:
    assert not ConstantQ(DVI).state_dict()
