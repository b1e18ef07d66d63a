"""Replicas of cuts through the chain that trains fingerprints: a room, noise, a voice, a narrow band, a codec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...audio.augment.chain import Chain
from ...audio.augment.fingerprint import ReplicaConfig, fingerprint_chain
from ...audio.augment.rng import BatchRng, row_seeds
from ...audio.augment.synthetic_noise import synthetic_noise, synthetic_speech
from ...audio.augment.synthetic_rooms import synthetic_rooms
from ...schemas.vector import Float32
from .cuts import CONTEXT_S, SPARE

NOISES, VOICES, ROOMS = 48, 16, 48
APART = 1_000_003
"""Added to the seed of what disturbs, which is to be other than in a training by the same seed."""


@dataclass(frozen=True, eq=False)
class Replicas:
    """A chain and the seed that its draws go by."""

    chain: Chain
    seed: int

    def __call__(self, waveform: Float32, name: str) -> Float32:
        """Return a damaged copy of float32[n], by the seed and its name alone."""
        rows = torch.from_numpy(waveform.copy())[None]
        with torch.inference_mode():
            damaged = self.chain(rows, BatchRng(row_seeds(self.seed, 0, [name])))
        return np.asarray(damaged[0].numpy())


def live_replicas(config: ReplicaConfig, sample_rate_hz: int, seconds: float, seed: int) -> Replicas:
    """Return what makes replicas of cuts of up to `seconds`, with synthetic noise, voices and rooms."""
    samples = round((CONTEXT_S + SPARE * seconds) * sample_rate_hz) + 1
    noise = synthetic_noise(NOISES, samples, sample_rate_hz, seed + APART)
    speech = synthetic_speech(VOICES, samples, sample_rate_hz, seed + APART)
    rooms = synthetic_rooms(ROOMS, sample_rate_hz, seed + APART)
    return Replicas(fingerprint_chain(config, sample_rate_hz, noise, rooms, speech), seed)
