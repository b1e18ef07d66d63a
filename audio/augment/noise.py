"""White noise, as loud as a share of the clip."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .rng import BatchRng


@dataclass(frozen=True)
class Noise:
    """Gaussian noise whose standard deviation is that of the clip times a share, uniform in [low, high)."""

    low: float = 1e-4
    high: float = 1e-2

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n]: x + share * std(x) * noise."""
        deviation = rng.uniform(self.low, self.high) * waveforms.std(dim=1)
        return waveforms + deviation[:, None] * rng.normal(waveforms.shape[1])
