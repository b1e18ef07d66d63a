"""One echo: the clip with itself, later and quieter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from .rng import BatchRng


@dataclass(frozen=True)
class Delay:
    """An echo after one of low_ms, low_ms + step_ms, ..., high_ms, as loud as `factor`, then half of all.

    The published chain draws from 200 to 450 ms: its upper bound of 500 is not included.
    """

    sample_rate_hz: int
    low_ms: int = 200
    high_ms: int = 450
    step_ms: int = 50
    factor: float = 0.5

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n]: (x + factor * echo) / 2, without what comes after the end."""
        steps = rng.integers(0, (self.high_ms - self.low_ms) // self.step_ms)
        samples = (self.low_ms + self.step_ms * steps) * self.sample_rate_hz // 1000
        return echoed(waveforms, samples.tolist(), self.factor)


def echoed(waveforms: Tensor, samples: Sequence[int], factor: float) -> Tensor:
    """Return float32[b, n]: each row and, later by its number of samples and times `factor`, its echo; half of both."""
    both = waveforms / 2
    for row, later in enumerate(samples):
        both[row, later:] += waveforms[row, : -later or None] * (factor / 2)
    return both
