from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from echodex.audio.augment.constant_q import STEPS, ConstantQAugmentation, masked, stretched, transposed
from echodex.audio.augment.rng import BatchRng, row_seeds
from echodex.errors import UsageError

BINS, FRAMES = 84, 200
ORDER = list(STEPS)


def rng(rows: int, seed: int = 0) -> BatchRng:
    return BatchRng(row_seeds(seed, 0, [str(row) for row in range(rows)]))


class Set(BatchRng):
    """Draws that are given: uniform numbers in their order, and one whole number."""

    def __init__(self, *values: float, whole: int = 0) -> None:
        super().__init__(torch.zeros(1, dtype=torch.int64))
        self._values, self._whole = list(values), whole

    def uniform(self, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        return torch.tensor([low + (high - low) * self._values.pop(0)])

    def integers(self, low: int, high: int) -> torch.Tensor:
        assert low <= self._whole <= high
        return torch.tensor([self._whole])


def noise(rows: int) -> torch.Tensor:
    return 0.1 + torch.rand(rows, BINS, FRAMES, generator=torch.Generator().manual_seed(4))


def test_a_mask_is_one_strip_of_bands_and_one_of_time() -> None:
    frames = noise(300)
    gone = masked(frames, rng(300)) == 0
    bands, times = gone.all(dim=2), gone.all(dim=1)
    assert torch.equal(gone, bands[:, :, None] | times[:, None])
    for strips, size in ((bands, BINS), (times, FRAMES)):
        lengths = strips.sum(dim=1)
        assert int(lengths.max()) <= round(0.15 * size)
        assert float(lengths.float().mean()) == pytest.approx(0.075 * size, rel=0.15)
        edges = (strips[:, 1:] & ~strips[:, :-1]).sum(dim=1) + strips[:, 0]
        assert int(edges.max()) == 1  # one strip, in one piece
        assert bool(strips[:, :5].any())
        assert bool(strips[:, -5:].any())  # near either end


def test_transposed_music_is_that_many_bands_away() -> None:
    frames = noise(1)
    for semitones in (-12, -5, 0, 7, 12):
        moved = transposed(frames, Set(whole=semitones))
        expected = np.zeros_like(frames.numpy())
        for bin_ in range(BINS):
            if 0 <= bin_ - semitones < BINS:
                expected[:, bin_] = frames[:, bin_ - semitones].numpy()
        np.testing.assert_array_equal(moved.numpy(), expected)


def test_all_intervals_of_an_octave_either_way_come() -> None:
    comb = torch.zeros(2000, BINS, 2)
    comb[:, 40] = 1
    found = transposed(comb, rng(2000)).argmax(dim=1)[:, 0] - 40
    assert sorted(set(found.tolist())) == list(range(-12, 13))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.35, 0.9, 1.0])
def test_stretched_music_is_resized_as_a_picture_is(share: float) -> None:
    frames = noise(1)
    length = round(FRAMES * (0.6 + 1.2 * share))
    resized = functional.interpolate(frames[:, None], (BINS, length), mode="bilinear", align_corners=False)[0]
    found = stretched(frames, Set(share, 0.0))[0]
    if length < FRAMES:
        resized = torch.cat([resized[0], resized[0]], dim=1)[None]
    torch.testing.assert_close(found, resized[0, :, :FRAMES], atol=1e-4, rtol=0)


def test_what_is_longer_is_cut_anywhere() -> None:
    ramp = torch.arange(FRAMES, dtype=torch.float32).expand(1, BINS, FRAMES)
    last = stretched(ramp, Set(1.0, 1 - 1e-6))[0, 0]
    assert float(last[-1]) == FRAMES - 1
    assert float(last[0]) == pytest.approx((160 + 0.5) / 1.8 - 0.5, abs=1e-4)


def test_tempos_are_within_the_published_range() -> None:
    ramp = torch.arange(FRAMES, dtype=torch.float32).expand(500, BINS, FRAMES)
    steps = stretched(ramp, rng(500))[:, 0].diff(dim=1).median(dim=1).values
    assert 1 / 1.81 <= float(steps.min()) < 0.57
    assert 1.6 < float(steps.max()) <= 1 / 0.59


def test_probabilities_and_rows_of_their_own() -> None:
    frames = noise(400)
    chain = ConstantQAugmentation(mask=0.4, stretch=0.0, transpose=0.0)
    found = chain(frames, rng(400), ORDER)
    assert float((found == 0).flatten(1).any(dim=1).float().mean()) == pytest.approx(0.4, abs=0.08)
    names = [str(row) for row in range(400)]
    full = ConstantQAugmentation(0.5, 0.5, 0.5)
    alone = full(frames[7:9], BatchRng(row_seeds(0, 0, names[7:9])), ORDER)
    assert torch.equal(full(frames, rng(400), ORDER)[7:9], alone)


def test_nothing_is_done_at_probability_0_and_the_input_stays() -> None:
    frames = noise(20)
    before = frames.clone()
    assert torch.equal(ConstantQAugmentation(0, 0, 0)(frames, rng(20), ORDER), frames)
    changed = ConstantQAugmentation(1, 1, 1)(frames, rng(20), ORDER)
    assert torch.equal(frames, before)
    assert not torch.equal(changed, frames)
    assert changed.shape == frames.shape


def test_the_order_of_the_changes_matters_but_not_for_their_draws() -> None:
    frames = noise(50)
    chain = ConstantQAugmentation(1, 0, 1)
    first, second = (chain(frames, rng(50), order) for order in (["mask", "transpose"], ["transpose", "mask"]))
    assert not torch.equal(first, second)
    bands, times = ((found == 0).all(dim=1).sum(dim=1) for found in (first, second))
    assert torch.equal(bands, times)  # the strip of time is the same


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(UsageError, match="probability of stretch"):
        ConstantQAugmentation(0.5, p, 0.5)
