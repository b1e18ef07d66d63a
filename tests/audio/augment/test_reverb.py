"""Reverberation against the filters themselves, run sample by sample."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from echodex.audio.augment.freeverb import ALLPASSES, COMBS, Rooms
from echodex.audio.augment.reverb import Reverb, reverberation
from echodex.audio.augment.rng import BatchRng

RATE = 22_050
SETTINGS = [(0, 0, 0), (50, 50, 99), (99, 0, 99), (99, 99, 0), (99, 50, 30)]


def rooms(settings: list[tuple[int, int, int]]) -> Rooms:
    return Rooms.of(*torch.tensor(settings).T)


class Comb:
    def __init__(self, delay: int, feedback: float, damping: float) -> None:
        self.line, self.feedback, self.damping, self.kept = deque([0.0] * delay), feedback, damping, 0.0

    def __call__(self, sample: float) -> float:
        out = self.line.popleft()
        self.kept = out * (1 - self.damping) + self.kept * self.damping
        self.line.append(sample + self.kept * self.feedback)
        return out


class Allpass:
    def __init__(self, delay: int) -> None:
        self.line = deque([0.0] * delay)

    def __call__(self, sample: float) -> float:
        out = self.line.popleft()
        self.line.append(sample + out / 2)
        return out - sample


def naive(samples: NDArray[np.float64], reverberance: int, damping: int, room: int) -> NDArray[np.float64]:
    """Freeverb with sox's reading of the three percents (its source, reverb.c), one sample after the other."""
    shape = -1 / np.log(1 - 0.3)
    reach = 100 / (np.log(1 - 0.98) * shape + 1)
    feedback = 1 - np.exp((reverberance - reach) / (shape * reach))
    scale = room / 100 * 0.9 + 0.1
    combs = [Comb(int(scale * RATE / 44100 * delay + 0.5), feedback, damping / 100 * 0.3 + 0.2) for delay in COMBS]
    allpasses = [Allpass(int(RATE / 44100 * delay + 0.5)) for delay in ALLPASSES]
    out = np.empty_like(samples)
    for place, sample in enumerate(samples):
        value = sum(comb(sample) for comb in combs)
        for allpass in allpasses:
            value = allpass(value)
        out[place] = 0.015 * value
    return out


@pytest.mark.parametrize("settings", SETTINGS)
def test_it_is_freeverb(settings: tuple[int, int, int]) -> None:
    samples = np.random.default_rng(1).standard_normal(12_000)
    expected = naive(samples, *settings)
    found = reverberation(torch.from_numpy(samples.astype(np.float32))[None], rooms([settings]), RATE)[0]
    assert np.abs(found.numpy() - expected).max() < 2e-3 * np.abs(expected).max()


def test_it_dies_away_the_slower_the_more_reverberance_and_the_duller_the_more_damping() -> None:
    click = torch.zeros(4, 40_000)
    click[:, 0] = 1
    tails = reverberation(click, rooms([(20, 0, 50), (60, 0, 50), (99, 0, 50), (99, 99, 50)]), RATE)
    early, late = tails[:, 2_000:6_000].square().sum(dim=1), tails[:, 30_000:].square().sum(dim=1)
    assert (late < early).all()
    lost_db = 10 * torch.log10(late / early)
    assert lost_db[0] < lost_db[1] < lost_db[2] < 0
    spectra = torch.fft.rfft(tails[2:, 5_000:25_000]).abs().square()
    brightness = spectra[:, 4000:].sum(dim=1) / spectra[:, :1000].sum(dim=1)
    assert brightness[1] < brightness[0] / 3


def test_a_larger_room_answers_later() -> None:
    click = torch.zeros(2, 8000)
    click[:, 0] = 1
    small, large = reverberation(click, rooms([(50, 50, 0), (50, 50, 99)]), RATE)
    # through the allpasses at once: the first echo is that of the shortest comb
    first = [int((tail.abs() > 5e-3).int().argmax()) for tail in (small, large)]
    assert first == [int(scale * 1116 / 2 + 0.5) for scale in (0.1, 0.991)]


def test_the_clip_itself_stays_in_it(noise: torch.Tensor, rng: Callable[[int], BatchRng]) -> None:
    generator = rng(6)
    percents = [generator.integers(0, 99) for _ in range(3)]
    expected = noise + reverberation(noise, Rooms.of(*percents), RATE)
    assert torch.equal(Reverb(RATE)(noise, rng(6)), expected)
    assert torch.equal(Reverb(RATE)(noise, rng(6)), expected)


@pytest.mark.parametrize("samples", [1, 2, 333, 8001])
def test_any_length_is_kept(samples: int, rng: Callable[[int], BatchRng]) -> None:
    wet = Reverb(RATE)(torch.ones(5, samples), rng(5))
    assert wet.shape == (5, samples)
    assert wet.isfinite().all()
