"""Bands that narrow devices let through: a telephone, a small loudspeaker, a radio."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ...errors import UsageError
from .filters import ZEROS, convolved, low_pass_kernels
from .rng import BatchRng


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
        half = int(ZEROS * self.sample_rate_hz / self.low_hz[0] / 2)
        return convolved(waveforms, low_pass_kernels(high, half) - low_pass_kernels(low, half))
