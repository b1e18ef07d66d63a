"""Masks over mel spectrograms: a hole, a band of frequencies, a stretch of time.

`cutout`, `horizontal` and `vertical` are those of NAFP: the centre is drawn anywhere, and what of a hole would lie
beyond the border is cut off. `rectangle`, `frequencies` and `times` are those of its PyTorch descendant pfann: a side
is a share of its axis, uniform over SHARES, and the whole mask lies inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import UsageError
from .rng import BatchRng

HORIZONTAL = (5, 19)
"""Mel bins, both included."""
VERTICAL = (5, 15)
"""Frames, both included."""
SHARES = (0.1, 0.5)
NAFP = ("cutout", "horizontal")
PFANN = ("rectangle", "frequencies", "times")


@dataclass(frozen=True)
class SpectralMasks:
    """Masks of some kinds over each row, united, one of each; within them all is `fill`.

    kinds: names among those above; NAFP and PFANN are the published combinations. shared: all rows have the mask of
    the first, as published; it then depends on the batch. fill: 0, as published, is the loudest of what a front end
    gives that subtracts the maximum.
    """

    kinds: tuple[str, ...] = NAFP
    shared: bool = False
    fill: float = 0.0

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in _KINDS:
                raise UsageError(f"there is no spectral mask '{kind}'; choose among {', '.join(_KINDS)}")

    def __call__(self, mels: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, F, T] of float32[b, F, T]: at least 10 bins and 10 frames."""
        own = rng.take(torch.zeros(1, dtype=torch.int64, device=mels.device)) if self.shared else rng
        return torch.where(self.mask(mels.shape[1], mels.shape[2], own), self.fill, mels)

    def mask(self, bins: int, frames: int, rng: BatchRng) -> Tensor:
        """Return bool[b, bins, frames], True where something is taken away."""
        united = [_KINDS[kind](bins, frames, rng.split(position)) for position, kind in enumerate(self.kinds)]
        return torch.stack(united).any(dim=0)


def _cutout(bins: int, frames: int, rng: BatchRng) -> Tensor:
    heights = rng.integers(bins // 10, int(bins / 2.5) - 1)
    widths = rng.integers(frames // 10, int(frames / 2.5) - 1)
    return _around(bins, heights, rng)[:, :, None] & _around(frames, widths, rng)[:, None]


def _horizontal(bins: int, frames: int, rng: BatchRng) -> Tensor:
    return _around(bins, rng.integers(*HORIZONTAL), rng)[:, :, None].expand(-1, -1, frames)


def _vertical(bins: int, frames: int, rng: BatchRng) -> Tensor:
    return _around(frames, rng.integers(*VERTICAL), rng)[:, None].expand(-1, bins, -1)


def _around(size: int, lengths: Tensor, rng: BatchRng) -> Tensor:
    """Return bool[b, size]: half of each length to either side of a centre, ends and centre included."""
    centre, reach = rng.integers(0, size - 2), lengths // 2
    return _between(size, (centre - reach).clamp(0, size - 2), (centre + reach).clamp(1, size - 1))


def _rectangle(bins: int, frames: int, rng: BatchRng) -> Tensor:
    return _inside(bins, rng)[:, :, None] & _inside(frames, rng)[:, None]


def _frequencies(bins: int, frames: int, rng: BatchRng) -> Tensor:
    return _inside(bins, rng)[:, :, None].expand(-1, -1, frames)


def _times(bins: int, frames: int, rng: BatchRng) -> Tensor:
    return _inside(frames, rng)[:, None].expand(-1, bins, -1)


def _inside(size: int, rng: BatchRng) -> Tensor:
    """Return bool[b, size]: a stretch of a share of the axis that lies within it."""
    length = (size * rng.uniform(*SHARES)).long()
    first = (rng.uniform() * (size - length + 1)).long()
    return _between(size, first, first + length - 1)


def _between(size: int, first: Tensor, last: Tensor) -> Tensor:
    at = torch.arange(size, device=first.device)
    return (first[:, None] <= at) & (at <= last[:, None])


_KINDS: dict[str, Callable[[int, int, BatchRng], Tensor]] = {
    "cutout": _cutout,
    "horizontal": _horizontal,
    "vertical": _vertical,
    "rectangle": _rectangle,
    "frequencies": _frequencies,
    "times": _times,
}
