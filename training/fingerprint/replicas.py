"""From an anchor and its replicas-to-be to what the network is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from ...audio.augment.background import Background
from ...audio.augment.chain import Augmentation, Chain
from ...audio.augment.fingerprint import ReplicaConfig, fingerprint_chain
from ...audio.augment.impulse_responses import ImpulseResponse
from ...audio.augment.nafp import SNR_DB as NAFP_SNR_DB
from ...audio.augment.nafp import nafp_chain
from ...audio.augment.rng import BatchRng, row_seeds
from ...audio.augment.spectral import SpectralMasks
from ...encoders.fingerprint.frontend import LogMel
from .config import FingerprintTraining
from .pools import Pools

_PFANN_SNR_DB = (0.0, 10.0)
_MASK_STREAM = 1_000
"""Seeds of masks are apart from those of replicas, which are numbered from 1."""


def replica_chain(config: FingerprintTraining, pools: Pools) -> Chain:
    """Return the chain that `config.chain` names, for waveforms of context and segment; without what there is no pool
    of.
    """
    snr_db = config.snr_range_db
    if config.chain == "nafp":
        return nafp_chain(pools.noise, pools.rooms, snr_db or NAFP_SNR_DB)
    if config.chain == "pfann":
        return _pfann_chain(pools, snr_db or _PFANN_SNR_DB)
    noise, rooms = cast("Tensor", pools.noise), cast("Tensor", pools.rooms)  # which the configuration makes sure of
    replicas = ReplicaConfig(noise_snr_db=snr_db) if snr_db else ReplicaConfig()
    return fingerprint_chain(replicas, config.encoder.sample_rate_hz, noise, rooms, pools.speech)


def _pfann_chain(pools: Pools, snr_db: tuple[float, float]) -> Chain:
    """Return noise, a room, a microphone, in that order."""
    steps: list[tuple[Augmentation, float]] = []
    if pools.noise is not None:
        steps.append((Background(pools.noise, snr_db), 1.0))
    steps += [(ImpulseResponse(pool), 1.0) for pool in (pools.rooms, pools.microphones) if pool is not None]
    return Chain(tuple(steps))


def spectral_masks(config: FingerprintTraining) -> SpectralMasks | None:
    """Return what `config.masks` names; raise UsageError for a kind that is none."""
    kinds = tuple(kind.strip() for kind in config.masks.split(",") if kind.strip())
    return SpectralMasks(kinds, shared=config.masks_shared) if kinds else None


class Shown:
    """Makes mel spectrograms of batches, on their device; the pools are moved there once."""

    def __init__(self, config: FingerprintTraining, pools: Pools, front: LogMel, device: torch.device) -> None:
        self._config, self._front, self._device = config, front.to(device), device
        self._chain = replica_chain(config, pools.to(device))
        self._masks = spectral_masks(config)

    def __call__(self, pairs: Tensor, names: Sequence[str], epoch: int, *, masked: bool) -> Tensor:
        """Return float32[b, 1 + replicas, n_mels, frames] of `pairs` float32[b, 1 + replicas, context + segment].

        What is drawn depends on (seed, epoch, name) alone, but for masks that a batch shares.
        """
        seed, first = self._config.seed, self._config.context_samples
        degraded = [pairs[:, 0]]
        for number in range(1, pairs.shape[1]):
            seeds = row_seeds(seed, epoch, names, stream=number).to(self._device)
            degraded.append(self._chain(pairs[:, number].contiguous(), BatchRng(seeds)))
        segments = torch.stack(degraded, dim=1)[:, :, first:].flatten(0, 1)
        mels: Tensor = self._front(segments)
        if masked and self._masks:
            seeds = torch.stack(
                [row_seeds(seed, epoch, names, stream=_MASK_STREAM + number) for number in range(pairs.shape[1])], dim=1
            )
            mels = self._masks(mels, BatchRng(seeds.flatten().to(self._device)))
        return mels.view(*pairs.shape[:2], *mels.shape[1:])
