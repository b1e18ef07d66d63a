"""The constant-Q transform of a waveform: a band for each semitone, each heard through a window of its own length.

Brown, "Calculation of a constant Q spectral transform" (1991), with the kernels and the scale of nnAudio's CQT1992v2,
which CLEWS was trained on. There all kernels are as long as the longest; here those of an octave share a length, which
leaves zeros out and nothing else.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .config import BINS_PER_OCTAVE, Q, VersionsConfig


class ConstantQ(nn.Module):
    """The front end of `config`: no weights, nothing to load; the same in training and in use, on CPU and GPU."""

    def __init__(self, config: VersionsConfig) -> None:
        super().__init__()
        self.config = config
        kernels = cqt_kernels(config)
        self.margin = kernels.shape[1] // 2
        self.starts: list[int] = []
        for octave in range(config.octaves):
            rows = kernels[octave * BINS_PER_OCTAVE :][:BINS_PER_OCTAVE]
            heard = np.flatnonzero(np.abs(rows).sum(0))
            start, stop = int(heard[0]), int(heard[-1]) + 1
            parts = np.concatenate([rows.real, rows.imag])[:, None, start:stop].astype(np.float32)
            self.starts.append(start)
            self.register_buffer(f"octave{octave}", torch.from_numpy(parts), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Return the frames that a network sees, float32[b, bins, frames], of `waveforms` float32[b, n].

        frames is (1 + n // hop_samples) // pool. n must be more than half of the longest kernel, about 0.5 s.
        """
        return functional.avg_pool1d(self.magnitudes(waveforms), self.config.pool)

    def magnitudes(self, waveforms: Tensor) -> Tensor:
        """Return float32[b, bins, 1 + n // hop_samples] of `waveforms` float32[b, n], before they are averaged.

        On a CPU a block of frames goes alone, always as many, for which a convolution is prepared once.
        """
        hop, whole = self.config.hop_samples, 1 + waveforms.shape[1] // self.config.hop_samples
        frames = 1 + self.config.segment_samples // hop if waveforms.device.type == "cpu" else whole
        blocks = -(-whole // frames)
        with torch.autocast(waveforms.device.type, enabled=False):
            padded = functional.pad(waveforms.float()[:, None], (self.margin, self.margin), mode="reflect")[:, 0]
            length = 2 * self.margin + (frames - 1) * hop
            missing = length + (blocks - 1) * frames * hop - padded.shape[1]
            cut = functional.pad(padded, (0, max(missing, 0))).unfold(1, length, frames * hop)[:, :blocks]
            parts = torch.split(cut.flatten(0, 1)[:, None], 1 if waveforms.device.type == "cpu" else len(waveforms))
            found = torch.cat([self._block(part, frames) for part in parts])
        return found.view(-1, blocks, self.config.bins, frames).movedim(1, 2).flatten(2)[:, :, :whole]

    def _block(self, padded: Tensor, frames: int) -> Tensor:
        """Return the magnitudes float32[b, bins, frames] of `padded` float32[b, 1, n], half a kernel wider."""
        hop, octaves = self.config.hop_samples, []
        for octave, start in enumerate(self.starts):
            kernels = self.get_buffer(f"octave{octave}")
            heard = padded[:, :, start : start + (frames - 1) * hop + kernels.shape[2]]
            real, imaginary = functional.conv1d(heard, kernels, stride=hop).chunk(2, 1)
            octaves.append((real.square() + imaginary.square()).sqrt())
        return torch.cat(octaves, 1)


def cqt_kernels(config: VersionsConfig) -> NDArray[np.complex128]:
    """Return complex128[bins, kernel_width], the kernel of each band in the middle.

    A kernel of l samples is a Hann window times exp(2 pi i f n / rate), with magnitudes that sum to one, times the
    square root of l; an odd one lies a sample left of the middle.
    """
    frequencies = config.f_min * 2 ** (np.arange(config.bins) / BINS_PER_OCTAVE)
    lengths = np.ceil(Q * config.sample_rate_hz / frequencies).astype(int)
    width = config.kernel_width
    kernels = np.zeros((config.bins, width), np.complex128)
    for row, (frequency, length) in enumerate(zip(frequencies, lengths, strict=True)):
        n = np.arange(length)
        window = 0.5 - 0.5 * np.cos(2 * np.pi * n / length)
        turns = frequency / config.sample_rate_hz * (n - math.ceil(length / 2))
        start = math.ceil(width / 2 - length / 2) - length % 2
        kernels[row, start : start + length] = window / window.sum() * np.exp(2j * np.pi * turns) * math.sqrt(length)
    return kernels
