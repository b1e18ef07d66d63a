"""Polarity, gain, noise and delay: each does what it says, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.delay import Delay, echoed
from echodex.audio.augment.level import Gain, Polarity
from echodex.audio.augment.noise import Noise
from echodex.audio.augment.rng import BatchRng

RATE = 22_050
MakeRng = Callable[[int], BatchRng]


def test_polarity_twice_is_the_clip_itself(noise: torch.Tensor, rng: MakeRng) -> None:
    flipped = Polarity()(noise, rng(6))
    assert torch.equal(flipped, -noise)
    assert torch.equal(Polarity()(flipped, rng(6)), noise)


def test_gain_is_between_its_decibels(rng: MakeRng) -> None:
    loud = torch.full((2000, 3), 0.25)
    quieter = Gain()(loud, rng(2000))
    assert torch.equal(quieter, quieter[:, :1].expand(-1, 3))
    gains_db = 20 * np.log10(quieter[:, 0].double().numpy() / 0.25)
    assert scipy.stats.kstest(gains_db, scipy.stats.uniform(-20, 19).cdf).pvalue > 1e-3
    assert torch.allclose(Gain(-6, -6)(loud, rng(2000)), loud * 0.501187)


def test_noise_is_as_loud_as_a_share_of_the_clip(noise: torch.Tensor, rng: MakeRng) -> None:
    added = Noise()(noise, rng(6)) - noise
    shares = added.std(dim=1) / noise.std(dim=1)
    assert ((shares > 1e-4) & (shares < 1e-2)).all()
    assert len(set(shares.tolist())) == 6
    exact = Noise(0.5, 0.5)(noise, rng(6)) - noise
    torch.testing.assert_close(exact.std(dim=1), noise.std(dim=1) / 2, rtol=0.03, atol=0)
    assert abs(np.corrcoef(exact[0], noise[0])[0, 1]) < 0.05


def test_noise_leaves_silence_silent(rng: MakeRng) -> None:
    assert not Noise()(torch.zeros(2, 100), rng(2)).any()


def test_a_delay_is_one_echo_of_half_the_height_at_a_known_place(rng: MakeRng) -> None:
    click = torch.zeros(600, RATE // 2)
    click[:, 10] = 1
    late = Delay(RATE)(click, rng(600))
    assert torch.equal(late[:, 10], torch.full((600,), 0.5))
    places, counts = np.unique((late[:, 11:] == 0.25).int().argmax(dim=1) + 1, return_counts=True)
    assert places.tolist() == [RATE * ms // 1000 for ms in (200, 250, 300, 350, 400, 450)]
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    assert torch.equal((late != 0).sum(dim=1), torch.full((600,), 2))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=4))
def test_each_echo_is_later_by_its_own_number_of_samples(samples: list[int]) -> None:
    ramp = np.arange(1.0, 51.0)
    expected = [(ramp + 0.25 * np.pad(ramp, (by, 0))[:50]) / 2 for by in samples]
    assert np.array_equal(echoed(torch.from_numpy(ramp).repeat(len(samples), 1), samples, 0.25), expected)
