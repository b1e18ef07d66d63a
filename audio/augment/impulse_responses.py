"""Rooms and devices by their impulse responses: each clip convolved with one of a pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn import functional

from ...errors import UsageError
from .rng import BatchRng

ONSET = 0.1
"""A response begins where it first comes this close to its peak: -20 dB, as ISO 3382-1 has it."""

FADE = 0.1
"""Share of a cut response over which it is faded out."""


@dataclass(frozen=True, eq=False)
class ImpulseResponse:
    """Convolution with a row of `pool`: float32[m, k], the direct sound at 0 (see response_pool), at the rate of the
    waveforms and on their device.

    What sounded before a waveform began is not in it: a caller that wants the reverberation of a segment to have set
    in gives k - 1 samples before it, and cuts them off afterwards.
    """

    pool: Tensor

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n], without the reverberation that comes after the end."""
        return reverberated(waveforms, self.pool[rng.integers(0, len(self.pool) - 1)])


def reverberated(waveforms: Tensor, responses: Tensor) -> Tensor:
    """Return float32[b, n]: the first n samples of the convolution of float32[b, n] with float32[b, k], row by row."""
    n = waveforms.shape[1]
    length = int(next_fast_len(n + responses.shape[1] - 1, real=True))
    spectra = torch.fft.rfft(waveforms, n=length) * torch.fft.rfft(responses, n=length)
    convolved: Tensor = torch.fft.irfft(spectra, n=length)[:, :n]
    return convolved


def response_pool(responses: Sequence[Tensor], samples: int) -> Tensor:
    """Return float32[m, samples] of responses float32[k_i], of any lengths and gains, for ImpulseResponse.

    Each begins at its direct sound, so that it moves nothing in time; is cut with a fade where it is longer than
    `samples`, and filled up with zeros where it is shorter; and has energy 1. Raises UsageError for a silent one.
    """
    return torch.stack([_prepared(response, samples, number) for number, response in enumerate(responses)])


def _prepared(response: Tensor, samples: int, number: int) -> Tensor:
    size = response.abs()
    peak = float(size.max()) if len(response) else 0.0
    if peak == 0:
        raise UsageError(f"impulse response {number} is silent; leave it out")
    kept = response[int((size >= ONSET * peak).int().argmax()) :].float()
    if len(kept) > samples:
        fade = max(1, int(FADE * samples))
        kept = kept[:samples].clone()
        kept[-fade:] *= torch.linspace(1, 0, fade, device=kept.device)
    padded = functional.pad(kept, (0, samples - len(kept)))
    return padded / kept.square().sum().sqrt()
