"""Random crops: the same length out of every clip, from anywhere in it."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import UsageError
from .rng import BatchRng


def random_crops(waveforms: Tensor, samples: int, rng: BatchRng) -> Tensor:
    """Return float32[b, samples] out of float32[b, n], starting uniformly at 0, ..., n - samples.

    Called "random resized crop" in the published configuration, which resizes nothing. Raises UsageError where n is
    too short.
    """
    n = waveforms.shape[1]
    if not 1 <= samples <= n:
        raise UsageError(f"a crop of {samples} samples cannot be cut out of {n}; give longer clips")
    starts = rng.integers(0, n - samples)
    return waveforms.unfold(1, samples, 1)[torch.arange(len(waveforms), device=waveforms.device), starts]
