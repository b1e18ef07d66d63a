"""What a network of versions does to constant-Q frames before it looks at them (CQTPrepare of the published code)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_EPS = 1e-6


class CQTPrepare(nn.Module):
    """The square roots of magnitudes, each segment from 0 to 1, times a learned gain, plus a learned bias.

    noise: add 1e-6 times noise in between, in training and in use, as published, but here always the same noise, so
    that a segment always has the same vector.
    """

    def __init__(self, *, noise: bool) -> None:
        super().__init__()
        self.noise = noise
        self.gain = nn.Parameter(torch.ones(1))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, frames: Tensor) -> Tensor:
        """Return float32[b, 1, bins, t] of `frames` float32[b, bins, t], magnitudes."""
        x = _from_0_to_1(frames[:, None].clamp_min(0).sqrt())
        if self.noise:
            drawn = torch.rand(x.shape[1:], generator=torch.Generator().manual_seed(0), device="cpu")
            x = _from_0_to_1(x + _EPS * drawn.to(x.device))
        return self.gain * x + self.bias


def _from_0_to_1(x: Tensor) -> Tensor:
    x = x - x.amin((2, 3), keepdim=True)
    return x / (x.amax((2, 3), keepdim=True) + _EPS)
