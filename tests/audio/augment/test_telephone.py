"""Bands: the response of the telephone's, and cutoffs drawn from their ranges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from echodex.audio.augment.rng import BatchRng
from echodex.audio.augment.telephone import BandPass
from echodex.errors import UsageError

MakeRng = Callable[[int], BatchRng]
RATE = 8000


def gains(band: BandPass, rng: BatchRng) -> np.ndarray:
    """The gain of each row at 0, 1, ..., 4000 Hz."""
    click = torch.zeros(len(rng), RATE)
    click[:, 4000] = 1
    responses = band(click, rng).double().numpy()
    assert (np.abs(responses).argmax(axis=1) == 4000).all()  # no delay
    return np.asarray(np.abs(np.fft.rfft(responses)))


def test_a_telephone_lets_through_300_to_3400_hz(rng: MakeRng) -> None:
    response = gains(BandPass(RATE), rng(2))
    assert np.abs(20 * np.log10(response[:, 380:3320])).max() < 0.3
    assert response[:, :200].max() < 0.01
    assert response[:, 3500:].max() < 0.01
    np.testing.assert_allclose(response[:, [300, 3400]], 0.5, atol=0.02)


def test_other_bands_are_drawn_from_their_ranges(rng: MakeRng) -> None:
    response = gains(BandPass(RATE, (100, 600), (1500, 4000)), rng(400))
    through = response > 0.5
    low = through.argmax(axis=1)
    high = 4000 - through[:, ::-1].argmax(axis=1)
    assert ((low >= 98) & (low <= 602)).all()
    assert ((high >= 1498) & (high <= 4002)).all()
    assert low.std() > 110
    assert high.std() > 550


@pytest.mark.parametrize(("low", "high"), [((0, 300), (3400, 3400)), ((300, 300), (3400, 4001)), ((900, 3), (5, 6))])
def test_bands_beyond_the_rate_are_refused(low: tuple[int, int], high: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="does not fit a rate of 8000 Hz"):
        BandPass(RATE, low, high)
