"""A small network for versions that cannot tell keys apart, and so need not learn that they do not matter.

The octaves of constant-Q frames are folded onto a circle of twelve pitch classes, as low, middle and high. Convolutions
run around that circle, so music in another key gives the same maps, turned; the magnitudes of a Fourier transform
around the circle do not turn with them. Only the folding is not quite the same in all keys, for a tone that moves up
weighs a little more as high and a little less as low.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .clews import GeM, InstanceBatchNorm
from .config import BINS_PER_OCTAVE, VersionsConfig
from .prepare import CQTPrepare

_REGISTERS = 3
_FRAMES = 5
"""Frames that a convolution along time sees."""

_CLASSES = BINS_PER_OCTAVE
_MAGNITUDES = _CLASSES // 2 + 1


class Fold(nn.Module):
    """The mean over octaves of each pitch class, in three registers that overlap."""

    def __init__(self, octaves: int) -> None:
        super().__init__()
        place = np.linspace(0, _REGISTERS - 1, octaves * _CLASSES)
        weights = np.clip(1 - np.abs(place - np.arange(_REGISTERS)[:, None]), 0, None)
        folded = (weights / octaves).reshape(_REGISTERS, octaves, _CLASSES).astype(np.float32)
        self.weights: Tensor
        self.register_buffer("weights", torch.from_numpy(folded), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, 3, 12, t] of x float32[b, 1, bins, t]."""
        return torch.einsum("bopt,rop->brpt", x.unflatten(2, (-1, _CLASSES))[:, 0], self.weights)


class _Around(nn.Module):
    """A convolution around the circle of pitch classes: each output hears all twelve, from its own place on."""

    def __init__(self, inputs: int, outputs: int, frames: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, (_CLASSES, frames), (1, stride), (0, frames // 2), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(torch.cat([x, x[:, :, :-1]], 2))
        return y


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Return a block from float32[b, inputs, 12, t] to float32[b, outputs, 12, t / stride], rounded up."""
    return nn.Sequential(
        _Around(inputs, outputs),
        InstanceBatchNorm(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, (1, _FRAMES), (1, stride), (0, _FRAMES // 2), bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class Spectrum(nn.Module):
    """Magnitudes of the Fourier transform around the circle: a turn changes phases alone."""

    def __init__(self) -> None:
        super().__init__()
        turns = np.outer(np.arange(_CLASSES), np.arange(_MAGNITUDES)) / _CLASSES
        waves = np.concatenate([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], 1).astype(np.float32)
        self.waves: Tensor
        self.register_buffer("waves", torch.from_numpy(waves), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return float32[b, c, 7] of x float32[b, c, 12]."""
        real, imaginary = (x @ self.waves).chunk(2, 2)
        return (real.square() + imaginary.square() + 1e-12).sqrt()


class FoldedNet(nn.Module):
    """261,509 parameters as `small`."""

    def __init__(self, config: VersionsConfig) -> None:
        super().__init__()
        widths = config.channels
        self.prepare = CQTPrepare(noise=config.noise)
        self.fold = Fold(config.octaves)
        self.stem = _Around(_REGISTERS, config.stem, _FRAMES, 2)
        self.norm = InstanceBatchNorm(config.stem)
        blocks = []
        for (inputs, outputs), count in zip(pairwise((config.stem, *widths)), config.counts, strict=True):
            blocks.append(_block(inputs, outputs, 2))
            blocks += [_block(outputs, outputs, 1) for _ in range(count - 1)]
        self.blocks = nn.Sequential(*blocks)
        self.pool = GeM()
        self.spectrum = Spectrum()
        width = widths[-1] * _MAGNITUDES
        self.proj = nn.Sequential(nn.BatchNorm1d(width), nn.Linear(width, config.dim, bias=False))

    def forward(self, frames: Tensor) -> Tensor:
        """Return float32[b, dim] of `frames` float32[b, bins, t], magnitudes; the vectors have no fixed length."""
        h = self.blocks(functional.relu(self.norm(self.stem(self.fold(self.prepare(frames))))))
        pooled = self.pool(h.flatten(1, 2)).unflatten(1, (-1, _CLASSES))
        z: Tensor = self.proj(self.spectrum(pooled).flatten(1))
        return z
