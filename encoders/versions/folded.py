"""A small network for versions that cannot tell keys apart, and so need not learn that they do not matter.

A convolution runs along pitch, two octaves wide, and what it finds is folded onto a circle of twelve pitch classes, the
mean over octaves. Further convolutions run around that circle, so music in another key gives the same maps, turned; the
magnitudes of a Fourier transform around the circle do not turn with them. Only what a change of key moves out of the
bands, or nearer to their ends than an octave, makes a difference.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from .clews import GeM, InstanceBatchNorm
from .config import BINS_PER_OCTAVE, VersionsConfig
from .prepare import CQTPrepare

_AROUND = 2 * BINS_PER_OCTAVE + 1
"""Bands that the first convolution sees: an octave either way."""

_FRAMES = 5
"""Frames that a convolution along time sees."""

_CLASSES = BINS_PER_OCTAVE
_MAGNITUDES = _CLASSES // 2 + 1


class _Around(nn.Module):
    """A convolution around the circle of pitch classes: each output hears all twelve, from its own place on."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, (_CLASSES, 1), bias=False)

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
    """274,467 parameters as `small`."""

    def __init__(self, config: VersionsConfig) -> None:
        super().__init__()
        widths = config.channels
        self.prepare = CQTPrepare(noise=config.noise)
        self.stem = nn.Sequential(
            nn.Conv2d(1, config.stem, (_AROUND, _FRAMES), (1, 2), (_AROUND // 2, _FRAMES // 2), bias=False),
            InstanceBatchNorm(config.stem),
            nn.ReLU(),
        )
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
        x = self.stem(self.prepare(frames))
        h = self.blocks(x.view(*x.shape[:2], -1, _CLASSES, x.shape[3]).mean(2))
        pooled = self.pool(h.flatten(1, 2)).view(len(h), -1, _CLASSES)
        z: Tensor = self.proj(self.spectrum(pooled).flatten(1))
        return z
