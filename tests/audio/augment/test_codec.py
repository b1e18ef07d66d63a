"""The codec: SciPy's cosine transform, perfect reconstruction, noise where it was asked for, and stability."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.fft
import torch
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.codec import Codec, inverse_mdct, mdct
from echodex.audio.augment.rng import BatchRng, row_seeds

MakeRng = Callable[[int], BatchRng]
RATE = 8000
HOP = 128


def mdct_by_dct(frame: np.ndarray) -> np.ndarray:
    """The textbook's: the windowed quarters a, b, c, d of a frame fold to (-c_r - d, a - b_r), then a DCT-IV."""
    size = len(frame) // 2
    a, b, c, d = (frame * np.sin(np.pi / (2 * size) * (np.arange(2 * size) + 0.5))).reshape(4, -1)
    return np.asarray(scipy.fft.dct(np.r_[-c[::-1] - d, a - b[::-1]], type=4, norm="ortho"))


def test_the_transform_is_the_mdct(noise: torch.Tensor) -> None:
    padded = np.pad(noise[0].double().numpy(), (HOP, HOP + -8000 % HOP))
    expected = [mdct_by_dct(padded[start : start + 2 * HOP]) for start in range(0, len(padded) - HOP, HOP)]
    np.testing.assert_allclose(mdct(noise[:1], HOP)[0], expected, atol=2e-6)


@given(st.integers(1, 1000), st.integers(1, 3))
def test_back_and_forth_is_the_waveform_itself(samples: int, rows: int) -> None:
    random = np.random.default_rng(samples)
    waveforms = torch.from_numpy(random.standard_normal((rows, samples)).astype("float32"))
    torch.testing.assert_close(inverse_mdct(mdct(waveforms, HOP), samples), waveforms, atol=1e-5, rtol=0)


@pytest.fixture
def chords() -> torch.Tensor:
    """float32[8, 8000]: five tones each, over a little noise."""
    random = np.random.default_rng(0)
    time_s = np.arange(8000) / RATE
    tones = [sum(np.sin(2 * np.pi * hz * time_s) for hz in random.uniform(150, 2200, 5)) for _ in range(8)]
    return torch.from_numpy((0.1 * np.array(tones) + 0.003 * random.standard_normal((8, 8000))).astype("float32"))


def noise_db(clean: torch.Tensor, coded: torch.Tensor) -> float:
    return float(10 * torch.log10((coded - clean).square().mean() / clean.square().mean()))


def test_noise_is_as_far_below_as_asked(chords: torch.Tensor, rng: MakeRng) -> None:
    """Less than asked where it is coarse: a coefficient below half a step is lost, which is less than its noise."""
    found = [
        noise_db(chords, Codec(RATE, (wanted, wanted), (4000, 4000))(chords, rng(8))) for wanted in (6, 12, 20, 30)
    ]
    assert found[2:] == pytest.approx([-20, -30], abs=3)
    assert -12 < found[0] < -6
    assert -18 < found[1] < -12


def test_quiet_bands_are_dropped_and_nothing_is_left_above_the_highest(chords: torch.Tensor, rng: MakeRng) -> None:
    coefficients = mdct(Codec(RATE, (3, 3), (2500, 2500))(chords, rng(8)), HOP)
    tiny = coefficients.abs() < 1e-3 * coefficients.abs().amax(dim=(1, 2), keepdim=True)
    assert tiny.float().mean() > 0.6
    assert not (mdct(chords, HOP).abs() < 1e-3 * mdct(chords, HOP).abs().amax()).float().mean() > 0.5
    spectrum = torch.fft.rfft(Codec(RATE, (9, 9), (2500, 2500))(chords + torch.randn(8, 8000) / 50, rng(8))).abs()
    assert spectrum[:, 2700:].square().mean() < 1e-3 * spectrum[:, 2000:2400].square().mean()


def test_louder_in_is_louder_out(chords: torch.Tensor, rng: MakeRng) -> None:
    torch.testing.assert_close(Codec(RATE)(8 * chords, rng(8)), 8 * Codec(RATE)(chords, rng(8)), atol=1e-5, rtol=0)
    assert not Codec(RATE)(torch.zeros(2, 500), rng(2)).any()


def test_a_rounding_error_does_not_become_a_step(chords: torch.Tensor, rng: MakeRng) -> None:
    moved = chords * (1 + 1e-6 * torch.sign(torch.sin(torch.arange(8000.0))))
    change = (Codec(RATE)(moved, rng(8)) - Codec(RATE)(chords, rng(8))).abs().max()
    assert change < 1e-5 * chords.abs().max() * 10


@given(st.lists(st.text("abc", min_size=1), min_size=1, max_size=6, unique=True))
def test_a_row_stands_alone(clips: list[str]) -> None:
    random = np.random.default_rng(len(clips))
    waveforms = torch.from_numpy(random.standard_normal((len(clips), 900)).astype("float32"))
    together = Codec(RATE)(waveforms, BatchRng(row_seeds(0, 0, clips)))
    for row, clip in enumerate(clips):
        alone = Codec(RATE)(waveforms[row : row + 1], BatchRng(row_seeds(0, 0, [clip])))
        torch.testing.assert_close(alone[0], together[row], atol=1e-4, rtol=0)
