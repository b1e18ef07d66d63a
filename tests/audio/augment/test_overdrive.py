"""Overdrive: the peak stays, what is quiet is raised, and odd harmonics appear."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from echodex.audio.augment.overdrive import Overdrive
from echodex.audio.augment.rng import BatchRng

MakeRng = Callable[[int], BatchRng]


def test_it_is_a_soft_limiter_with_the_peak_of_the_clip(noise: torch.Tensor, rng: MakeRng) -> None:
    driven = Overdrive((12, 12))(noise, rng(6)).numpy()
    clips = noise.double().numpy()
    peak, drive = np.abs(clips).max(axis=1, keepdims=True), 10 ** (12 / 20)
    np.testing.assert_allclose(driven, peak * np.tanh(drive * clips / peak) / np.tanh(drive), rtol=1e-5, atol=1e-7)


def test_more_drive_is_more_distortion_of_odd_harmonics(rng: MakeRng) -> None:
    tone = torch.sin(2 * np.pi * 100 * torch.arange(8000) / 8000)[None]
    shares = []
    for drive_db in (0.0, 9.0, 18.0):
        power = np.abs(np.fft.rfft(Overdrive((drive_db, drive_db))(tone, rng(1))[0].double().numpy())) ** 2
        assert power[[200, 400]].max() < 1e-6 * power[100]
        shares.append(power[300] / power[100])
    assert 1e-4 < shares[0] < shares[1] / 3 < shares[2] / 3


def test_silence_stays_silence(rng: MakeRng) -> None:
    assert not Overdrive()(torch.zeros(3, 50), rng(3)).any()
