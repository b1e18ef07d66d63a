"""Changes of constant-Q magnitudes that leave the music what it is: another key, another tempo, parts left out.

Those that CLEWS is trained with (Serrà et al., "Supervised contrastive learning from weakly-labeled audio segments for
musical version matching", 2025). All rows of a batch are changed at once, each by its own draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import UsageError
from .rng import BatchRng

LARGEST_SHARE = 0.15
"""A strip is at most so much of its axis."""
RATIOS = (0.6, 1.8)
"""New length by old one."""
FARTHEST_BINS = 12
"""An octave up or down."""


@dataclass(frozen=True)
class ConstantQAugmentation:
    """The probabilities (0 to 1) that a row is masked, stretched and transposed."""

    mask: float
    stretch: float
    transpose: float

    def __post_init__(self) -> None:
        for name in STEPS:
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"the probability of {name} is {getattr(self, name)}; it must be from 0 to 1")

    def __call__(self, frames: Tensor, rng: BatchRng, order: Sequence[str]) -> Tensor:
        """Return float32[b, bins, t] of `frames` of that shape, which stay as they are.

        order: the three of STEPS as they follow each other in this batch. Each step draws from a generator of its own,
        so that a row's numbers do not depend on it.
        """
        for name in order:
            own = rng.split(list(STEPS).index(name))
            hit = own.coin(getattr(self, name)).nonzero()[:, 0]
            if len(hit):
                frames = frames.index_copy(0, hit, STEPS[name](frames[hit], own.take(hit)))
        return frames


def masked(frames: Tensor, rng: BatchRng) -> Tensor:
    """Return frames float32[b, bins, t] with zeros in one strip of bands and one of time, each up to LARGEST_SHARE."""
    bands, times = (_strip(size, rng, frames.device) for size in frames.shape[1:])
    return frames.masked_fill(bands[:, :, None] | times[:, None], 0.0)


def _strip(size: int, rng: BatchRng, device: torch.device) -> Tensor:
    """Return bool[b, size]: a strip that lies within."""
    length = (LARGEST_SHARE * size * rng.uniform()).round().long()
    first = (rng.uniform() * (size - length + 1)).long()[:, None]
    at = torch.arange(size, device=device)
    return (first <= at) & (at < first + length[:, None])


def stretched(frames: Tensor, rng: BatchRng) -> Tensor:
    """Return frames float32[b, bins, t] at another tempo: resized along time by a ratio within RATIOS.

    What is longer is cut at random, what is shorter is repeated.
    """
    t = frames.shape[2]
    lengths = (t * rng.uniform(*RATIOS)).round().clamp_min(1).long()
    first = (rng.uniform() * ((lengths - t).clamp_min(0) + 1)).long()
    at = (torch.arange(t, device=frames.device) + first[:, None]) % lengths[:, None]
    return _read_at(frames, (at + 0.5) * (t / lengths[:, None]) - 0.5)


def _read_at(frames: Tensor, places: Tensor) -> Tensor:
    """Return frames float32[b, bins, t] at places float32[b, t] along time, between two of them in proportion."""
    places = places.clamp(0, frames.shape[2] - 1)
    before = places.floor().long()
    after = (before + 1).clamp_max(frames.shape[2] - 1)
    share = (places - before)[:, None]
    low, high = (frames.gather(2, at[:, None].expand_as(frames)) for at in (before, after))
    return torch.lerp(low, high, share.to(frames.dtype))


def transposed(frames: Tensor, rng: BatchRng) -> Tensor:
    """Return frames float32[b, bins, t] moved up or down by up to FARTHEST_BINS whole bands; zeros come in."""
    bins = frames.shape[1]
    sources = torch.arange(bins, device=frames.device) - rng.integers(-FARTHEST_BINS, FARTHEST_BINS)[:, None]
    moved = frames.gather(1, sources.clamp(0, bins - 1)[:, :, None].expand_as(frames))
    return moved.masked_fill(((sources < 0) | (sources >= bins))[:, :, None], 0.0)


STEPS: dict[str, Callable[[Tensor, BatchRng], Tensor]] = {
    "mask": masked,
    "stretch": stretched,
    "transpose": transposed,
}
