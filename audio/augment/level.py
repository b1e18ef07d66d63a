"""Polarity and gain: the waveform times a number."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from .rng import BatchRng


@dataclass(frozen=True)
class Polarity:
    """The waveform upside down."""

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:  # noqa: ARG002
        """Return float32[b, n]: -x."""
        return -waveforms


@dataclass(frozen=True)
class Gain:
    """Quieter by a gain that is uniform in dB."""

    low_db: float = -20.0
    high_db: float = -1.0

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n]: x times 10**(dB / 20)."""
        return waveforms * 10 ** (rng.uniform(self.low_db, self.high_db) / 20)[:, None]
