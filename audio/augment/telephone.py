"""Bands that narrow devices let through: a telephone, a small loudspeaker, a radio."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import UsageError
from .filters import convolved
from .rng import BatchRng

PERIODS = 4
"""Of the lowest frequency, that a kernel reaches to either side: its flanks are half that frequency wide."""


@dataclass(frozen=True)
class BandPass:
    """Only what lies between two frequencies, each a whole number of Hz from its range; at both half goes through.

    The default is the telephone band; wider ranges give other devices.
    """

    sample_rate_hz: int
    low_hz: tuple[int, int] = (300, 300)
    high_hz: tuple[int, int] = (3400, 3400)

    def __post_init__(self) -> None:
        if not 0 < self.low_hz[0] <= self.low_hz[1] < self.high_hz[0] <= self.high_hz[1] <= self.sample_rate_hz / 2:
            raise UsageError(
                f"a band from {self.low_hz} to {self.high_hz} Hz does not fit a rate of {self.sample_rate_hz} Hz; "
                "choose bounds that rise from above 0 to half the rate"
            )

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n], filtered without delay."""
        low, high = (rng.integers(*bounds).double() / self.sample_rate_hz for bounds in (self.low_hz, self.high_hz))
        half = int(PERIODS * self.sample_rate_hz / self.low_hz[0])
        return convolved(waveforms, _kernels(low[:, None], high[:, None], half))


def _kernels(low: Tensor, high: Tensor, half: int) -> Tensor:
    """Return float32[b, 2 * half + 1]: the difference of two sincs under a Hann window.

    low, high: float64[b, 1], shares of the sample rate.
    """
    time = torch.arange(-half, half + 1, device=low.device)
    window = 0.5 + 0.5 * torch.cos(math.pi * time / (half + 1))
    sincs = 2 * high * torch.sinc(2 * high * time) - 2 * low * torch.sinc(2 * low * time)
    return (window * sincs).float()
