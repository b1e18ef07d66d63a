"""Impulse responses: SciPy's convolution, and pools that begin with the direct sound."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.impulse_responses import ImpulseResponse, response_pool, reverberated
from echodex.audio.augment.rng import BatchRng
from echodex.errors import UsageError

MakeRng = Callable[[int], BatchRng]


@given(st.integers(1, 3000), st.integers(1, 2000), st.integers(1, 4))
def test_it_is_the_convolution_of_scipy(samples: int, taps: int, rows: int) -> None:
    random = np.random.default_rng(samples + taps)
    waveforms = random.standard_normal((rows, samples)).astype("float32")
    responses = (random.standard_normal((rows, taps)) / np.sqrt(taps)).astype("float32")
    expected = scipy.signal.fftconvolve(waveforms.astype(float), responses.astype(float), axes=1)[:, :samples]
    found = reverberated(torch.from_numpy(waveforms), torch.from_numpy(responses))
    np.testing.assert_allclose(found, expected, atol=3e-5)


def test_each_clip_is_in_a_room_of_the_pool(noise: torch.Tensor, rng: MakeRng) -> None:
    pool = torch.tensor([[1.0, 0, 0], [0, 0, 2]])
    dry, late = noise, 2 * torch.nn.functional.pad(noise, (2, 0))[:, :-2]
    many = ImpulseResponse(pool)(noise.repeat(100, 1), rng(600)).reshape(100, 6, -1)
    is_dry = (many - dry).abs().amax(dim=-1) < 1e-5
    is_late = (many - late).abs().amax(dim=-1) < 1e-5
    assert (is_dry ^ is_late).all()
    assert 230 < is_dry.sum() < 370


def test_a_pool_begins_with_the_direct_sound() -> None:
    early = torch.zeros(50)
    early[20], early[25] = 0.3, -2.0
    weak_before = torch.zeros(50)
    weak_before[3], weak_before[40] = 0.1, 4.0  # 32 dB below: noise, not the direct sound
    pool = response_pool([early, weak_before], 30)
    assert pool.shape == (2, 30)
    assert pool[0, [0, 5]].tolist() == pytest.approx([0.3 / np.hypot(0.3, 2), -2 / np.hypot(0.3, 2)])
    assert pool[1, 0] == 1
    torch.testing.assert_close(torch.linalg.vector_norm(pool, dim=1), torch.ones(2))


def test_a_long_response_is_faded_out() -> None:
    [cut] = response_pool([torch.ones(1000)], 100)
    fade = cut / cut[0]
    np.testing.assert_allclose(fade, np.r_[np.ones(90), np.linspace(1, 0, 10)], atol=1e-6)


@pytest.mark.parametrize("silent", [torch.zeros(10), torch.zeros(0)])
def test_a_silent_response_is_refused(silent: torch.Tensor) -> None:
    with pytest.raises(UsageError, match="impulse response 1 is silent"):
        response_pool([torch.ones(3), silent], 10)
