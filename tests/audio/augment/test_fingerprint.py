"""The chain for replicas: its order, its shares, any length, rows that stand alone, and the same on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from echodex.audio.augment.background import Background
from echodex.audio.augment.chain import Chain
from echodex.audio.augment.codec import Codec
from echodex.audio.augment.fingerprint import ReplicaConfig, fingerprint_chain
from echodex.audio.augment.impulse_responses import ImpulseResponse
from echodex.audio.augment.level import Gain
from echodex.audio.augment.overdrive import Overdrive
from echodex.audio.augment.rng import BatchRng, row_seeds
from echodex.audio.augment.synthetic_noise import synthetic_noise, synthetic_speech
from echodex.audio.augment.synthetic_rooms import synthetic_rooms
from echodex.audio.augment.telephone import BandPass
from echodex.errors import UsageError

MakeRng = Callable[[int], BatchRng]
RATE = 8000
POOLS = synthetic_noise(6, 10_000, RATE, 0), synthetic_rooms(6, RATE, 0, seconds=0.5)
ALWAYS = ReplicaConfig(room=1, noise=1, speech=1, telephone=1, other_band=1, overdrive=1, codec=1)


def chain(config: ReplicaConfig = ALWAYS, speech: torch.Tensor | None = None) -> Chain:
    return fingerprint_chain(config, RATE, *POOLS, speech)


def test_sound_goes_through_a_room_then_noise_then_a_device() -> None:
    speech = synthetic_speech(2, 10_000, RATE, 0)
    steps = chain(ReplicaConfig(), speech).steps
    kinds = [ImpulseResponse, Background, Background, BandPass, BandPass, Overdrive, Codec, Gain]
    assert [type(step) for step, _ in steps] == kinds
    assert [p for _, p in steps] == [0.7, 0.95, 0.2, 0.4, 0.15, 0.15, 0.3, 1.0]
    noise, voices = steps[1][0], steps[2][0]
    assert isinstance(noise, Background)
    assert isinstance(voices, Background)
    assert noise.pool is POOLS[0]
    assert voices.pool is speech
    assert (noise.snr_db, voices.snr_db) == ((-2, 15), (0, 15))
    assert [type(step) for step, _ in chain().steps] == kinds[:2] + kinds[3:]


@pytest.mark.parametrize("samples", [1, 333, 8000, 9999])
def test_any_length_is_kept_and_its_input_too(samples: int, rng: MakeRng) -> None:
    waveforms = torch.from_numpy(np.random.default_rng(0).standard_normal((5, samples)).astype("float32"))
    before = waveforms.clone()
    replicas = chain()(waveforms, rng(5))
    assert replicas.shape == (5, samples)
    assert replicas.dtype == torch.float32
    assert replicas.isfinite().all()
    assert torch.equal(waveforms, before)
    assert (replicas != waveforms).any(dim=1).all()


def test_the_tail_of_what_came_before_is_in_a_segment_that_is_given_with_it(rng: MakeRng) -> None:
    config = replace(ReplicaConfig(0, 0, telephone=0, other_band=0, overdrive=0, codec=0, gain_db=(0, 0)), room=1)
    clap = torch.zeros(30, 8000)
    clap[:, 3900] = 1
    segment = chain(config)(clap, rng(30))[:, 4000:]
    assert not clap[:, 4000:].any()
    assert (segment.square().sum(dim=1) > 1e-4).float().mean() > 0.5


@given(st.lists(st.text("abc", min_size=1), min_size=1, max_size=6, unique=True))
def test_a_row_stands_alone(clips: list[str]) -> None:
    random = np.random.default_rng(len(clips))
    waveforms = torch.from_numpy(random.standard_normal((len(clips), 3000)).astype("float32"))
    for config in (ReplicaConfig(), ALWAYS):
        together = chain(config)(waveforms, BatchRng(row_seeds(0, 0, clips)))
        for row, clip in enumerate(clips):
            alone = chain(config)(waveforms[row : row + 1], BatchRng(row_seeds(0, 0, [clip])))
            torch.testing.assert_close(alone[0], together[row], atol=1e-3, rtol=0)


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(UsageError, match=r"Codec is 1.5; it must be from 0 to 1"):
        chain(ReplicaConfig(codec=1.5))


@pytest.mark.gpu
def test_a_gpu_gives_the_same_replicas(noise: torch.Tensor) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    seeds = row_seeds(0, 0, "abcdef")
    there = fingerprint_chain(ALWAYS, RATE, *(pool.cuda() for pool in POOLS))(noise.cuda(), BatchRng(seeds.cuda()))
    torch.testing.assert_close(there.cpu(), chain()(noise, BatchRng(seeds)), atol=1e-3, rtol=0)
