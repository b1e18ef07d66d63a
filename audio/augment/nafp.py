"""How NAFP (Chang and others, "Neural Audio Fingerprint", ICASSP 2021) makes replicas: background, then a room.

Its two oddities are kept: only the first 75 ms of a response are used, and the convolution is circular, so that what
would follow the end comes in again at the start. The last normalisation undoes the drawn amplitude, except where there
is no room.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .background import random_pieces, rms
from .chain import Augmentation, Chain
from .rng import BatchRng

RESPONSE_SAMPLES = 600
"""What is used of a response: 75 ms at 8 kHz."""
SNR_DB = (0.0, 10.0)


@dataclass(frozen=True, eq=False)
class NafpBackground:
    """Clip and noise at the same power, the clip raised by `snr_db`; then peak 1 times a factor uniform in log.

    pool: float32[m, k], noises at the rate and on the device of the waveforms; k is at least n.
    """

    pool: Tensor
    snr_db: tuple[float, float] = SNR_DB
    amplitude: tuple[float, float] = (0.1, 1.0)

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n]. Where clip or noise is silent, the other stands alone."""
        magnitude = 10 ** (rng.uniform(*self.snr_db) / 20)[:, None]
        low, high = (math.log10(end) for end in self.amplitude)
        amplitude = 10 ** rng.uniform(low, high)[:, None]
        noise = random_pieces(self.pool, waveforms.shape[1], rng)
        mixed = magnitude * _over(waveforms, rms(waveforms)) + _over(noise, rms(noise))
        return amplitude * _peak_one(mixed)


@dataclass(frozen=True, eq=False)
class NafpImpulseResponse:
    """Circular convolution with the first RESPONSE_SAMPLES of a row of `pool`, float32[m, k]; then peak 1."""

    pool: Tensor

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n]."""
        n = waveforms.shape[1]
        responses = self.pool[rng.integers(0, len(self.pool) - 1), :RESPONSE_SAMPLES]
        length = max(n, responses.shape[1])
        spectra = torch.fft.rfft(waveforms, n=length) * torch.fft.rfft(responses, n=length)
        return _peak_one(torch.fft.irfft(spectra, n=length)[:, :n])


def nafp_chain(noise: Tensor | None, responses: Tensor | None, snr_db: tuple[float, float] = SNR_DB) -> Chain:
    """Return the published chain for replicas; None leaves a step out, as the switches of the published one do.

    noise: float32[m, k], k at least the segment of 8,000; responses: float32[m, k] as they were recorded, the direct
    sound where it is.
    """
    steps: list[tuple[Augmentation, float]] = []
    if noise is not None:
        steps.append((NafpBackground(noise, snr_db), 1.0))
    if responses is not None:
        steps.append((NafpImpulseResponse(responses), 1.0))
    return Chain(tuple(steps))


def _over(waveforms: Tensor, level: Tensor) -> Tensor:
    """Return `waveforms` over `level`, float32[b, 1]; silence, of level 0, stays as it is."""
    return waveforms / torch.where(level == 0, 1.0, level)


def _peak_one(waveforms: Tensor) -> Tensor:
    return _over(waveforms, waveforms.abs().amax(dim=1, keepdim=True))
