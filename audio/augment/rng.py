"""Random numbers that depend on a clip's seed and on how often it was asked, never on its batch or on the device.

A row's k-th number is the k-th output of SplitMix64 started at the row's seed (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", 2014): a hash of a counter, so all rows are drawn at once, in integer arithmetic that
wraps around in the same way on a CPU and on a GPU.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

import torch
from torch import Tensor


def _signed(value: int) -> int:
    """Return the int64 with the lowest 64 bits of `value`."""
    return (value + 2**63) % 2**64 - 2**63


_STEP = 0x9E3779B97F4A7C15
_FACTORS = (_signed(0xBF58476D1CE4E5B9), _signed(0x94D049BB133111EB))
_SPLIT = 0x632BE59BD9B4E019
"""Sets the seeds of `split` apart from the numbers drawn; any odd number would do."""


def row_seeds(seed: int, epoch: int, clip_ids: Iterable[str], stream: int = 0) -> Tensor:
    """Return int64[b], a seed per clip that depends on the four alone. stream: 0 and 1 for the two views of a clip."""
    texts = (f"{seed}:{epoch}:{stream}:{clip_id}" for clip_id in clip_ids)
    digests = (hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return torch.tensor([int.from_bytes(digest, "big", signed=True) for digest in digests], dtype=torch.int64)


class BatchRng:
    """Draws for `seeds`, int64[b], one number per row and call; results lie on the device of the seeds."""

    def __init__(self, seeds: Tensor) -> None:
        self._seeds = seeds
        self._asked = 0

    def __len__(self) -> int:
        return len(self._seeds)

    def split(self, stream: int) -> BatchRng:
        """Return an independent generator per row: what is drawn from it does not move this one on."""
        return BatchRng(_mix(_mix(self._seeds ^ _SPLIT) + _signed((stream + 1) * _STEP)))

    def take(self, rows: Tensor) -> BatchRng:
        """Return the generators of some rows (int64[r]), as far along as these; the two go on separately."""
        taken = BatchRng(self._seeds[rows])
        taken._asked = self._asked
        return taken

    def bits(self) -> Tensor:
        """Return int64[b]: 64 random bits."""
        self._asked += 1
        return _mix(self._seeds + _signed(self._asked * _STEP))

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Return float32[b], uniform from low to high: one of 2**24 values."""
        return low + (high - low) * _unit(self.bits())

    def integers(self, low: int, high: int) -> Tensor:
        """Return int64[b], uniform over low, ..., high, both included; high - low is below 2**31."""
        return low + (_shifted(self.bits(), 33) * (high - low + 1) >> 31)

    def coin(self, p: float) -> Tensor:
        """Return bool[b], True with probability `p`: never for 0, always for 1."""
        return _unit(self.bits()) < p

    def normal(self, n: int) -> Tensor:
        """Return float32[b, n] of mean 0 and variance 1 (Box and Muller, 1958)."""
        counters = torch.arange(1, n // 2 + n % 2 + 1, device=self._seeds.device) * _signed(_STEP)
        bits = _mix(self.bits()[:, None] + counters)
        radius = torch.sqrt(-2 * torch.log(1 - _unit(bits)))
        angle = _unit(bits << 32) * (2 * math.pi)
        return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=-1).flatten(1)[:, :n]


def _mix(x: Tensor) -> Tensor:
    """Return the finaliser of SplitMix64 of int64[...]."""
    x = (x ^ _shifted(x, 30)) * _FACTORS[0]
    x = (x ^ _shifted(x, 27)) * _FACTORS[1]
    return x ^ _shifted(x, 31)


def _shifted(x: Tensor, bits: int) -> Tensor:
    """Return int64 shifted to the right with zeros coming in: torch itself repeats the sign."""
    return (x >> bits) & int(2 ** (64 - bits) - 1)


def _unit(bits: Tensor) -> Tensor:
    """Return float32 in [0, 1) of the highest 24 bits: exact, so the same everywhere."""
    return _shifted(bits, 40).float() / 2**24
