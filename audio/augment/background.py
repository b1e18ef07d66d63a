"""Background: a piece of a recording of noise, or of speech, mixed in at a signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import UsageError
from .rng import BatchRng

SILENT = 1e-20
"""Noise whose rms is below is none; its inverse is still a number."""


@dataclass(frozen=True, eq=False)
class Background:
    """A piece of a row of `pool`, at a ratio uniform in dB over `snr_db`.

    pool: float32[m, k], noises of k samples each at the rate of the waveforms and on their device; k is at least n.
    """

    pool: Tensor
    snr_db: tuple[float, float] = (-2.0, 15.0)

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n]: x + noise, whose power is that of x over 10**(snr / 10); silence stays silence."""
        snr_db = rng.uniform(*self.snr_db)
        noise = random_pieces(self.pool, waveforms.shape[1], rng)
        wanted = rms(waveforms) * 10 ** (-snr_db / 20)[:, None]
        return waveforms + noise * (wanted / rms(noise).clamp(min=SILENT))


def random_pieces(pool: Tensor, n: int, rng: BatchRng) -> Tensor:
    """Return float32[b, n]: for each generator a piece of a row of `pool`, float32[m, k], both drawn evenly.

    Raises UsageError where k is below n.
    """
    rows, samples = pool.shape
    if samples < n:
        raise UsageError(f"pieces of {n} samples were asked of noises of {samples}; give noises at least that long")
    row, start = rng.integers(0, rows - 1), rng.integers(0, samples - n)
    return pool.unfold(1, n, 1)[row, start]


def noise_pool(recordings: Iterable[Tensor], samples: int) -> Tensor:
    """Return float32[m, samples] of recordings float32[k_i] of any lengths, for Background: all that is in them.

    A recording is repeated until it fills whole rows. Silent rows are left out: as noise they would be none. Raises
    UsageError where nothing is left.
    """
    rows = [row for recording in recordings if len(recording) for row in _rows(recording, samples) if row.any()]
    if not rows:
        raise UsageError("there is no noise in any of the recordings; give at least one with a sound in it")
    return torch.stack(rows)


def _rows(recording: Tensor, samples: int) -> Tensor:
    count = -(-len(recording) // samples)
    at = torch.arange(count * samples, device=recording.device) % len(recording)
    return recording[at].reshape(count, samples).float()


def rms(waveforms: Tensor) -> Tensor:
    """Return float32[b, 1], the root mean square of each row."""
    return waveforms.square().mean(dim=1, keepdim=True).sqrt()
