"""Background: the ratio that comes out, where the pieces come from, and that a row stands alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.background import Background, noise_pool, random_pieces
from echodex.audio.augment.rng import BatchRng, row_seeds
from echodex.errors import UsageError

MakeRng = Callable[[int], BatchRng]


@pytest.fixture
def pool() -> torch.Tensor:
    """float32[4, 12000]: loud and quiet noises."""
    random = np.random.default_rng(1)
    loudness = np.array([1, 0.1, 1e-3, 10])[:, None]
    return torch.from_numpy((random.standard_normal((4, 12_000)) * loudness).astype("float32"))


def measured_db(clean: torch.Tensor, mixed: torch.Tensor) -> np.ndarray:
    noise = (mixed - clean).double().numpy()
    return np.asarray(10 * np.log10(np.mean(clean.double().numpy() ** 2, axis=1) / np.mean(noise**2, axis=1)))


@pytest.mark.parametrize("snr_db", [-20, -2, 0, 7.5, 30])
def test_the_ratio_is_as_asked(snr_db: float, noise: torch.Tensor, pool: torch.Tensor, rng: MakeRng) -> None:
    mixed = Background(pool, (snr_db, snr_db))(noise, rng(6))
    np.testing.assert_allclose(measured_db(noise, mixed), snr_db, atol=0.02)


def test_ratios_are_uniform_in_decibels(pool: torch.Tensor, rng: MakeRng) -> None:
    clips = torch.from_numpy(np.random.default_rng(2).standard_normal((1500, 400)).astype("float32"))
    found = measured_db(clips, Background(pool)(clips, rng(1500)))
    assert scipy.stats.kstest(found, scipy.stats.uniform(-2, 17).cdf).pvalue > 1e-3


def test_pieces_lie_in_the_pool_and_come_evenly_from_all_of_it(rng: MakeRng) -> None:
    numbered = torch.arange(30.0).reshape(3, 10)
    pieces = random_pieces(numbered, 4, rng(4200))
    assert torch.equal(pieces - pieces[:, :1], torch.arange(4.0).expand(4200, -1))
    starts, counts = np.unique(pieces[:, 0], return_counts=True)
    assert starts.tolist() == [10 * row + start for row in range(3) for start in range(7)]
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


def test_silence_stays_silence_and_silent_noise_changes_nothing(noise: torch.Tensor, rng: MakeRng) -> None:
    assert not Background(noise)(torch.zeros(6, 500), rng(6)).any()
    for loudness in (1, 30_000):
        assert torch.equal(Background(torch.zeros(1, 8000))(loudness * noise, rng(6)), loudness * noise)


def test_noise_that_is_too_short_is_refused(noise: torch.Tensor, rng: MakeRng) -> None:
    with pytest.raises(UsageError, match="8000 samples were asked of noises of 500"):
        Background(torch.ones(1, 500))(noise, rng(6))


def test_a_pool_holds_all_of_the_recordings_but_silence() -> None:
    pool = noise_pool([torch.arange(1.0, 8.0), torch.zeros(9), torch.zeros(0), torch.tensor([9.0, 8.0])], 4)
    assert pool.tolist() == [[1, 2, 3, 4], [5, 6, 7, 1], [9, 8, 9, 8]]


def test_a_pool_of_silence_is_refused() -> None:
    with pytest.raises(UsageError, match="no noise in any of the recordings"):
        noise_pool([torch.zeros(5), torch.zeros(0)], 3)


@given(st.lists(st.text("abc", min_size=1), min_size=1, max_size=6, unique=True), st.integers(1, 900))
def test_a_row_stands_alone(clips: list[str], samples: int) -> None:
    random = np.random.default_rng(samples)
    pool = torch.from_numpy(random.standard_normal((5, 900)).astype("float32"))
    waveforms = torch.from_numpy(random.standard_normal((len(clips), samples)).astype("float32"))
    together = Background(pool)(waveforms, BatchRng(row_seeds(0, 0, clips)))
    for row, clip in enumerate(clips):
        alone = Background(pool)(waveforms[row : row + 1], BatchRng(row_seeds(0, 0, [clip])))
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=1e-5)
