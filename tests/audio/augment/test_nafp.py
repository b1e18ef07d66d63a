"""The published chain for replicas against its formulas in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
import torch

from echodex.audio.augment.nafp import NafpBackground, NafpImpulseResponse, nafp_chain
from echodex.audio.augment.rng import BatchRng

MakeRng = Callable[[int], BatchRng]


@pytest.fixture
def hum() -> np.ndarray:
    """One noise as long as the clips, so that no piece of it can be drawn but all of it."""
    return (0.02 * np.sin(np.arange(8000) / 9) + 0.01).astype("float32")


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))


def published_mix(clip: np.ndarray, noise: np.ndarray, snr_db: float, amplitude: float) -> np.ndarray:
    mixed = 10 ** (snr_db / 20) * clip / level(clip) + noise / level(noise)
    return np.asarray(amplitude * mixed / np.abs(mixed).max())


def published_room(clip: np.ndarray, response: np.ndarray) -> np.ndarray:
    response = response[:600]
    length = max(len(clip), len(response))
    wet = np.fft.ifft(np.fft.fft(clip, length) * np.fft.fft(response, length)).real[: len(clip)]
    return np.asarray(wet / np.abs(wet).max())


def test_background_is_as_published(noise: torch.Tensor, hum: np.ndarray, rng: MakeRng) -> None:
    mixed = NafpBackground(torch.from_numpy(hum)[None], (4, 4), (0.3, 0.3))(noise, rng(6))
    expected = [published_mix(clip, hum, 4, 0.3) for clip in noise.numpy()]
    np.testing.assert_allclose(mixed, expected, atol=1e-6)


def test_ratio_and_amplitude_are_drawn_as_published(hum: np.ndarray, rng: MakeRng) -> None:
    pulse = np.zeros((1000, 8000), dtype="float32")
    pulse[:, 0] = 1  # at the same power as the noise its peak is sqrt(8000)
    mixed = NafpBackground(torch.from_numpy(hum)[None])(torch.from_numpy(pulse), rng(1000)).double().numpy()
    amplitudes = mixed[:, 0]
    assert scipy.stats.kstest(np.log10(amplitudes), scipy.stats.uniform(-1, 1).cdf).pvalue > 1e-3
    ratios_db = 20 * np.log10((mixed[:, 0] / mixed[:, 1] * hum[1] - hum[0]) / level(hum) / np.sqrt(8000))
    assert scipy.stats.kstest(ratios_db, scipy.stats.uniform(0, 10).cdf).pvalue > 1e-3


def test_what_is_silent_leaves_the_other_alone(noise: torch.Tensor, hum: np.ndarray, rng: MakeRng) -> None:
    by_itself = NafpBackground(torch.from_numpy(hum)[None], amplitude=(1, 1))(torch.zeros(1, 8000), rng(1))
    np.testing.assert_allclose(by_itself[0], hum / np.abs(hum).max(), rtol=1e-5)
    clips = NafpBackground(torch.zeros(1, 8000), amplitude=(1, 1))(noise, rng(6))
    torch.testing.assert_close(clips, noise / noise.abs().amax(dim=1, keepdim=True))
    assert not NafpBackground(torch.zeros(1, 8000))(torch.zeros(1, 8000), rng(1)).any()


@pytest.mark.parametrize("taps", [80, 600, 5000])
@pytest.mark.parametrize("samples", [400, 8000])
def test_rooms_are_circular_and_cut_after_75_ms(samples: int, taps: int, noise: torch.Tensor, rng: MakeRng) -> None:
    response = np.random.default_rng(3).standard_normal(taps).astype("float32")
    wet = NafpImpulseResponse(torch.from_numpy(response)[None])(noise[:, :samples], rng(6))
    expected = [published_room(clip, response) for clip in noise[:, :samples].numpy()]
    np.testing.assert_allclose(wet, expected, atol=2e-6)


def test_background_comes_before_the_room(noise: torch.Tensor, hum: np.ndarray, rng: MakeRng) -> None:
    echo = np.zeros(600, dtype="float32")
    echo[[0, 500]] = 1, 0.5
    pools = torch.from_numpy(hum)[None], torch.from_numpy(echo)[None]
    background, room = nafp_chain(*pools).steps
    assert isinstance(background[0], NafpBackground)
    assert isinstance(room[0], NafpImpulseResponse)
    assert (background[0].snr_db, background[0].amplitude) == ((0, 10), (0.1, 1))
    assert (background[1], room[1]) == (1, 1)
    replicas = nafp_chain(*pools)(noise, rng(6))
    torch.testing.assert_close(replicas.abs().amax(dim=1), torch.ones(6))  # the room's, not the amplitude drawn before
    assert torch.equal(nafp_chain(None, None)(noise, rng(6)), noise)
