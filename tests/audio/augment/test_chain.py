"""The chain: its probabilities, its order, and that a clip sounds the same in any batch, and on any device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from echodex.audio.augment.chain import BLOCK, Augmentation, Chain
from echodex.audio.augment.clmr import TransformsConfig, clmr_chain
from echodex.audio.augment.delay import Delay
from echodex.audio.augment.filters import HighLowPass
from echodex.audio.augment.level import Gain, Polarity
from echodex.audio.augment.noise import Noise
from echodex.audio.augment.pitch import PitchShift
from echodex.audio.augment.reverb import Reverb
from echodex.audio.augment.rng import BatchRng, row_seeds
from echodex.errors import UsageError

RATE = 22_050
EACH: list[Augmentation] = [
    Polarity(),
    Noise(),
    Gain(),
    HighLowPass(RATE),
    Delay(RATE),
    PitchShift(RATE),
    Reverb(RATE),
]
MakeRng = Callable[[int], BatchRng]
ALWAYS = TransformsConfig(1, 1, 1, 1, 1, 1, 1)


@pytest.mark.parametrize("step", EACH, ids=lambda step: type(step).__name__)
def test_every_step_keeps_shape_and_input_and_is_finite(step: Augmentation, noise: torch.Tensor, rng: MakeRng) -> None:
    before = noise.clone()
    changed = step(noise, rng(6))
    assert changed.shape == noise.shape
    assert changed.dtype == torch.float32
    assert changed.isfinite().all()
    assert torch.equal(noise, before)
    assert not torch.equal(changed, noise)
    assert torch.equal(changed, step(noise, rng(6)))


@pytest.mark.parametrize("step", EACH, ids=lambda step: type(step).__name__)
def test_a_row_comes_out_the_same_alone(step: Augmentation, noise: torch.Tensor, rng: MakeRng) -> None:
    together = step(noise, rng(6))
    for row in range(6):
        alone = step(noise[row : row + 1], rng(6).take(torch.tensor([row])))
        torch.testing.assert_close(alone[0], together[row], atol=1e-5 * float(together[row].abs().max()), rtol=0)


def seeds(clips: str, epoch: int = 0, stream: int = 0) -> BatchRng:
    return BatchRng(row_seeds(7, epoch, clips, stream))


def test_a_clip_comes_out_the_same_in_any_batch_and_otherwise_in_another_epoch_or_view(noise: torch.Tensor) -> None:
    chain = clmr_chain(ALWAYS, RATE)
    one = chain(noise, seeds("abcdef"))
    order = [3, 0, 5]
    other = chain(noise[order], seeds("daf"))
    torch.testing.assert_close(other, one[order], atol=1e-4, rtol=0)
    for again in (chain(noise, seeds("abcdef", epoch=1)), chain(noise, seeds("abcdef", stream=1))):
        assert (again != one).any(dim=1).all()


def test_probability_zero_is_the_clip_itself_and_one_is_always(noise: torch.Tensor, rng: MakeRng) -> None:
    untouched = clmr_chain(TransformsConfig(0, 0, 0, 0, 0, 0, 0), RATE)(noise, rng(6))
    assert torch.equal(untouched, noise)
    assert untouched is not noise
    flipped = clmr_chain(TransformsConfig(1, 0, 0, 0, 0, 0, 0), RATE)(noise, rng(6))
    assert torch.equal(flipped, -noise)


@pytest.mark.parametrize("rows", [0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 1])
def test_batches_of_any_size_are_taken_through_in_blocks(rows: int, rng: MakeRng) -> None:
    config = replace(TransformsConfig(), pitch=0.0, reverb=0.0)
    clips = torch.randn(rows, 500, generator=torch.Generator().manual_seed(0))
    together, generators = clmr_chain(config, RATE)(clips, rng(rows)), rng(rows)
    assert together.shape == clips.shape
    for row in range(rows):
        alone = clmr_chain(config, RATE)(clips[row : row + 1], generators.take(torch.tensor([row])))
        torch.testing.assert_close(alone[0], together[row])


def test_a_step_is_applied_as_often_as_asked(rng: MakeRng) -> None:
    changed = Chain(((Polarity(), 0.3),))(torch.ones(5000, 1), rng(5000)) < 0
    assert abs(float(changed.float().mean()) - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 5000)


def test_the_steps_of_clmr_are_those_published() -> None:
    steps = clmr_chain(TransformsConfig(), RATE).steps
    assert [step for step, _ in steps] == EACH
    assert [p for _, p in steps] == [0.8, 0.01, 0.3, 0.8, 0.3, 0.6, 0.6]


def test_another_probability_of_one_step_leaves_the_others_as_they_are(noise: torch.Tensor, rng: MakeRng) -> None:
    config = replace(TransformsConfig(), polarity=0.0)
    straight = clmr_chain(config, RATE)(noise, rng(6))
    flipped = clmr_chain(replace(config, polarity=1.0), RATE)(noise, rng(6))
    torch.testing.assert_close(flipped, -straight, atol=1e-4, rtol=0)


def test_steps_are_applied_in_their_order(rng: MakeRng) -> None:
    class Add:
        def __call__(self, waveforms: torch.Tensor, rng: BatchRng) -> torch.Tensor:
            return waveforms + 1

    zeros = torch.zeros(2, 3)
    assert torch.equal(Chain(((Add(), 1), (Polarity(), 1)))(zeros, rng(2)), zeros - 1)
    assert torch.equal(Chain(((Polarity(), 1), (Add(), 1)))(zeros, rng(2)), zeros + 1)


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(UsageError, match=r"Reverb is .*; it must be from 0 to 1"):
        clmr_chain(TransformsConfig(reverb=p), RATE)


@pytest.mark.parametrize("shape", [(5, 100), (6,), (6, 1, 100)])
def test_waveforms_that_do_not_go_with_the_seeds_are_refused(shape: tuple[int, ...], rng: MakeRng) -> None:
    with pytest.raises(UsageError, match="do not go with 6 seeds"):
        Chain(())(torch.zeros(shape), rng(6))


@pytest.mark.gpu
def test_a_gpu_gives_the_same_clips(noise: torch.Tensor) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    chain = clmr_chain(ALWAYS, RATE)
    here = chain(noise, seeds("abcdef"))
    there = chain(noise.cuda(), BatchRng(row_seeds(7, 0, "abcdef").cuda()))
    torch.testing.assert_close(there.cpu(), here, atol=1e-3, rtol=0)
