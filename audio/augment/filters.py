"""High-pass and low-pass filters: windowed sincs, convolved by short FFTs, each row with a cutoff of its own.

The kernel is that of the `julius` library, which the published chain calls: a sinc of the cutoff under a Hann window
that reaches to its eighth zero, its sum 1; a high-pass is the identity less that. At the cutoff both let half through
(-6 dB).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.nn import functional

from ...errors import UsageError
from .rng import BatchRng

ZEROS = 8
"""Zero crossings of the sinc on either side, under the window."""

KERNELS_PER_BLOCK = 9
"""At least how many times as long as a kernel a block is: longer blocks waste less, and leave the cache."""


@dataclass(frozen=True)
class HighLowPass:
    """By a fair coin a high-pass with a cutoff of `high_pass_hz`, or a low-pass of `low_pass_hz`: each a range, from
    which whole Hz are drawn.
    """

    sample_rate_hz: int
    high_pass_hz: tuple[int, int] = (200, 1200)
    low_pass_hz: tuple[int, int] = (2200, 4000)

    def __post_init__(self) -> None:
        lowest_hz, *_, highest_hz = sorted((*self.high_pass_hz, *self.low_pass_hz))
        if not 0 < lowest_hz <= highest_hz <= self.sample_rate_hz / 2:
            raise UsageError(
                f"filters from {lowest_hz} to {highest_hz} Hz do not fit a rate of {self.sample_rate_hz} Hz; "
                "choose a higher rate, or cutoffs above 0 and up to half of it"
            )

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n], filtered."""
        high = rng.coin(0.5)
        cutoffs_hz = torch.where(high, rng.integers(*self.high_pass_hz), rng.integers(*self.low_pass_hz))
        lowest = min(*self.high_pass_hz, *self.low_pass_hz) / self.sample_rate_hz
        kernels = low_pass_kernels(cutoffs_hz.double() / self.sample_rate_hz, _half(lowest))
        centre = functional.pad(kernels.new_ones(1), (_half(lowest), _half(lowest)))
        return convolved(waveforms, torch.where(high[:, None], centre - kernels, kernels))


def _half(cutoff: float) -> int:
    return math.floor(ZEROS / cutoff / 2)


def low_pass_kernels(cutoffs: Tensor, half: int) -> Tensor:
    """Return float32[b, 2 * half + 1], symmetric. cutoffs: float64[b], shares of the sample rate, at least 4 / half."""
    wide = cutoffs[:, None]
    reach = torch.floor(ZEROS / wide / 2)
    time = torch.arange(-half, half + 1, device=cutoffs.device)
    window = torch.where(time.abs() < reach, 0.5 + 0.5 * torch.cos(math.pi * time / reach), 0.0)
    kernels = window * torch.sinc(2 * wide * time)
    return (kernels / kernels.sum(dim=1, keepdim=True)).float()


def convolved(waveforms: Tensor, kernels: Tensor) -> Tensor:
    """Return float32[b, n]: each row of float32[b, n] with its kernel, float32[b, 2 * half + 1], centred at 0.

    Beyond its ends a waveform goes on with its first and last sample. Overlap-save: each block of the FFT gives those
    of its samples that do not depend on its wrapping around.
    """
    half, n = kernels.shape[1] // 2, waveforms.shape[1]
    longest = 2 ** math.ceil(math.log2(KERNELS_PER_BLOCK * kernels.shape[1]))
    block = min(longest, int(next_fast_len(n + 2 * half, real=True)))
    hop = block - 2 * half
    missing = -n % hop
    first, last = waveforms[:, :1].expand(-1, half), waveforms[:, -1:].expand(-1, half + missing)
    blocks = torch.cat([first, waveforms, last], dim=1).unfold(1, block, hop)
    spectra = torch.fft.rfft(blocks) * torch.fft.rfft(kernels, n=block)[:, None]
    filtered: Tensor = torch.fft.irfft(spectra, n=block)[..., 2 * half :].flatten(1)
    return filtered[:, :n]
