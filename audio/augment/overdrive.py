"""Overload: a microphone or a loudspeaker that is driven beyond what it can do."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .rng import BatchRng

SILENT = 1e-20
"""A peak below is none; its inverse is still a number."""


@dataclass(frozen=True)
class Overdrive:
    """The peak is driven `drive_db` beyond the level at which a soft limiter bends, drawn uniformly from the range."""

    drive_db: tuple[float, float] = (0.0, 18.0)

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n]: tanh(drive * x / peak), with the peak of x; silence stays silence."""
        drive = 10 ** (rng.uniform(*self.drive_db) / 20)[:, None]
        peak = waveforms.abs().amax(dim=1, keepdim=True).clamp(min=SILENT)
        return torch.tanh(waveforms * (drive / peak)) * (peak / torch.tanh(drive))
