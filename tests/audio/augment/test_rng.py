"""Random numbers: those of SplitMix64, of the right distribution, and the same for a row wherever it is."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.rng import BatchRng, row_seeds

INT64 = st.integers(-(2**63), 2**63 - 1)
MASK = 2**64 - 1


def splitmix64(seed: int, count: int) -> list[int]:
    """The first outputs, in whole numbers without limits, reduced to 64 bits where the definition says so."""
    state, outputs = seed & MASK, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        outputs.append(mixed ^ (mixed >> 31))
    return outputs


def test_the_numbers_are_those_of_the_published_generator() -> None:
    rng = BatchRng(torch.tensor([1234567]))
    drawn = [int(rng.bits()) & MASK for _ in range(5)]
    assert drawn == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(st.lists(INT64, min_size=1, max_size=5))
def test_every_row_draws_its_own_sequence(seeds: list[int]) -> None:
    rng = BatchRng(torch.tensor(seeds))
    drawn = torch.stack([rng.bits() for _ in range(4)]).T & 0xFFFFFFFF
    assert drawn.tolist() == [[bits & 0xFFFFFFFF for bits in splitmix64(seed, 4)] for seed in seeds]


@given(INT64, st.integers(-1000, 1000), st.integers(0, 2**31 - 2))
def test_whole_numbers_lie_between_their_bounds(seed: int, low: int, span: int) -> None:
    drawn = int(BatchRng(torch.tensor([seed])).integers(low, low + span))
    expected = low + ((splitmix64(seed, 1)[0] >> 33) * (span + 1) >> 31)
    assert low <= drawn <= low + span
    assert drawn == expected


def seeds(count: int) -> torch.Tensor:
    return row_seeds(3, 1, map(str, range(count)))


def test_every_whole_number_comes_as_often() -> None:
    drawn = BatchRng(seeds(20_000)).integers(200, 205).numpy()
    counts = np.unique(drawn, return_counts=True)
    assert counts[0].tolist() == [200, 201, 202, 203, 204, 205]
    assert scipy.stats.chisquare(counts[1]).pvalue > 1e-3


def test_uniform_numbers_are_uniform() -> None:
    drawn = BatchRng(seeds(20_000)).uniform(-20, -1)
    assert drawn.dtype == torch.float32
    assert scipy.stats.kstest(drawn.numpy(), scipy.stats.uniform(-20, 19).cdf).pvalue > 1e-3


def test_normal_numbers_are_normal_and_independent() -> None:
    drawn = BatchRng(seeds(40)).normal(2001).numpy()
    assert drawn.shape == (40, 2001)
    assert scipy.stats.kstest(drawn.ravel(), scipy.stats.norm.cdf).pvalue > 1e-3
    centred = drawn[:, 1:] * drawn[:, :-1]  # neighbours, which Box and Muller make two by two
    assert abs(centred.mean()) < 5 / np.sqrt(centred.size)
    assert np.abs(np.corrcoef(drawn) - np.eye(40)).max() < 0.12


@pytest.mark.parametrize("p", [0.0, 0.01, 0.3, 0.8, 1.0])
def test_a_coin_falls_as_often_as_asked(p: float) -> None:
    share = float(BatchRng(seeds(20_000)).coin(p).float().mean())
    assert share == p if p in (0, 1) else abs(share - p) < 5 * np.sqrt(p * (1 - p) / 20_000)


def test_a_row_draws_the_same_alone_and_among_others() -> None:
    together = BatchRng(seeds(9))
    for row in (0, 4, 8):
        alone = BatchRng(seeds(9)[row : row + 1])
        assert torch.equal(alone.split(2).normal(50)[0], together.split(2).normal(50)[row])
    rows = torch.tensor([7, 2])
    first = together.uniform()
    taken = together.take(rows)
    second = together.uniform()
    assert torch.equal(taken.uniform(), second[rows])
    assert not torch.equal(first, second)
    assert len(taken) == 2


def test_what_is_split_off_does_not_move_a_generator_on() -> None:
    plain, other = BatchRng(seeds(3)), BatchRng(seeds(3))
    streams = [other.split(number).bits().tolist() for number in range(50)]
    assert torch.equal(plain.bits(), other.bits())
    assert len({tuple(stream) for stream in streams}) == 50


def test_seeds_depend_on_all_four_and_on_nothing_else() -> None:
    known = {
        int(row_seeds(seed, epoch, [clip], stream))
        for seed in (0, 1)
        for epoch in (0, 1)
        for clip in ("a", "b")
        for stream in (0, 1)
    }
    assert len(known) == 16
    assert torch.equal(row_seeds(0, 1, ["a", "b"]), row_seeds(0, 1, ["b", "a"]).flip(0))
    assert row_seeds(0, 0, []).shape == (0,)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_draws_the_same_numbers() -> None:
    here, there = BatchRng(seeds(1000)), BatchRng(seeds(1000).cuda())
    for draw in (BatchRng.bits, BatchRng.uniform, lambda rng: rng.integers(-700, 700), lambda rng: rng.coin(0.3)):
        assert torch.equal(draw(here), draw(there).cpu())
    torch.testing.assert_close(here.normal(1000), there.normal(1000).cpu(), atol=1e-5, rtol=0)
