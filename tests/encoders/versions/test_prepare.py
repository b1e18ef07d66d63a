from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_allclose

from echodex.encoders.versions.prepare import CQTPrepare

FRAMES = torch.rand(3, 84, 20, generator=torch.Generator().manual_seed(0)) * 5 - 0.1


@torch.inference_mode()
def test_roots_from_0_to_1_with_gain_and_bias() -> None:
    prepare = CQTPrepare(noise=False)
    prepare.gain.fill_(2.0)
    prepare.bias.fill_(-0.5)
    x = np.sqrt(np.maximum(FRAMES.double().numpy(), 0))
    x -= x.min((1, 2), keepdims=True)
    x /= x.max((1, 2), keepdims=True) + 1e-6
    assert_allclose(prepare(FRAMES)[:, 0], 2 * x - 0.5, atol=1e-6)


@torch.inference_mode()
def test_noise_is_small_and_always_the_same_for_each() -> None:
    prepare = CQTPrepare(noise=True)
    before = torch.get_rng_state()
    noisy = prepare(FRAMES)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(prepare(FRAMES[1:2]), noisy[1:2])
    assert 0 < (noisy - CQTPrepare(noise=False)(FRAMES)).abs().max() < 3e-6


@torch.inference_mode()
def test_silence_is_silent_and_with_noise_it_is_noise() -> None:
    silence = torch.zeros(1, 84, 20)
    assert not CQTPrepare(noise=False)(silence).any()
    assert CQTPrepare(noise=True)(silence).std() > 0.1
