"""The published network of CLEWS, under the published state names.

Constant-Q frames go through two convolutions of an octave by three frames and a chain of pre-activated residual blocks
with instance and batch norms, then generalised-mean pooling over bands and frames, and a projection.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from .config import BINS_PER_OCTAVE, VersionsConfig
from .prepare import CQTPrepare

_STRIDES = (1, 2, 2, 1)
"""Of the first block of each stage; later stages, of which the published network has none, have 1."""


class InstanceBatchNorm(nn.Module):
    """Batch norm for the first half of the channels, instance norm for the second (Pan et al., IBN-Net, 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels // 2)
        self.inst = nn.InstanceNorm2d(channels // 2, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, channels, f, t] of x of that shape."""
        first, second = x.chunk(2, 1)
        return torch.cat([self.bn(first), self.inst(second)], 1)


class _Convolution(nn.Module):
    """A convolution of three by three, under the published name `conv`."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y


class Block(nn.Module):
    """gain * (two convolutions, norm and ReLU before each) + skip; the gain begins at 0."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        middle = max(inputs, outputs) // 2
        middle += middle % 2
        self.convs = nn.Sequential(
            InstanceBatchNorm(inputs),
            nn.ReLU(),
            _Convolution(inputs, middle, stride),
            nn.BatchNorm2d(middle),
            nn.ReLU(),
            _Convolution(middle, outputs),
        )
        self.skip: nn.Module = nn.Identity()
        if inputs != outputs or stride != 1:
            self.skip = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), _Convolution(inputs, outputs, stride))
        self.gain = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, outputs, f / stride, t / stride], rounded up, of x float32[b, inputs, f, t]."""
        y: Tensor = self.gain * self.convs(x) + self.skip(x)
        return y


class GeM(nn.Module):
    """The generalised mean over the last axis, of a learned power that is more than 1 and begins at 3.

    Radenović et al., "Fine-tuning CNN image retrieval with no human annotation" (2018).
    """

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.full((1, 1, 1), math.log(math.exp(2) - 1)))

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, c] of x float32[b, c, n]; what is below 1e-6 counts as that."""
        power = 1 + functional.softplus(self.p)
        return x.clamp_min(1e-6).pow(power).mean(2).pow(1 / power[:, :, 0])


class ClewsNet(nn.Module):
    """196,793,363 parameters as `dvi`, 198,890,515 as `shs`."""

    def __init__(self, config: VersionsConfig) -> None:
        super().__init__()
        first, *_ = widths = config.channels
        octave = (BINS_PER_OCTAVE, 3)
        self.frontend = nn.Sequential(
            CQTPrepare(noise=config.noise),
            nn.Conv2d(1, config.stem, octave, (1, 2), bias=False),
            nn.BatchNorm2d(config.stem),
            nn.ReLU(),
            nn.Conv2d(config.stem, first, octave, 2, bias=False),
        )
        strides = (*_STRIDES, *(1 for _ in widths))
        blocks = []
        for (inputs, outputs), count, stride in zip(pairwise((first, *widths)), config.counts, strides, strict=False):
            blocks.append(Block(inputs, outputs, stride))
            blocks += [Block(outputs, outputs, 1) for _ in range(count - 1)]
        self.backbone = nn.Sequential(*blocks)
        self.pool = GeM()
        self.proj = nn.Sequential(nn.BatchNorm1d(widths[-1]), nn.Linear(widths[-1], config.dim, bias=False))

    def forward(self, frames: Tensor) -> Tensor:
        """Return float32[b, dim] of `frames` float32[b, bins, t], magnitudes; the vectors have no fixed length."""
        h = self.backbone(self.frontend(frames))
        z: Tensor = self.proj(self.pool(h.flatten(2)))
        return z
