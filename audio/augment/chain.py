"""Augmentations one after the other, each applied to a clip or not by a coin of that clip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ...errors import UsageError
from ..threads import in_threads
from .rng import BatchRng

BLOCK = 24
"""Clips that a thread takes through the chain together on a CPU: more leave its cache. On a GPU all are."""


class Augmentation(Protocol):
    """A random change of waveforms float32[b, n] into others of the same shape, each row by its own generator."""

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n]; `waveforms` stay as they are."""


@dataclass(frozen=True)
class Chain:
    """steps: augmentations in their order, each with the probability (0 to 1) that it is applied to a clip.

    A step draws from a generator of its own, so that its numbers do not depend on what the others drew: with another
    probability of one step, the rest of what happens to a clip stays the same.
    """

    steps: tuple[tuple[Augmentation, float], ...]

    def __post_init__(self) -> None:
        for step, p in self.steps:
            if not 0 <= p <= 1:
                raise UsageError(f"the probability of {type(step).__name__} is {p}; it must be from 0 to 1")

    def __call__(self, waveforms: Tensor, rng: BatchRng) -> Tensor:
        """Return float32[b, n], augmented; `waveforms` float32[b, n], mono, on the device of the seeds, stay as they
        are. Raises UsageError where the generator is for another number of rows.
        """
        if waveforms.ndim != 2 or len(waveforms) != len(rng):
            raise UsageError(
                f"waveforms of shape {tuple(waveforms.shape)} do not go with {len(rng)} seeds; give one a row"
            )
        if not len(waveforms):
            return waveforms.clone()
        own = [rng.split(position) for position in range(len(self.steps))]
        chosen = [generator.coin(p) for generator, (_, p) in zip(own, self.steps, strict=True)]
        if waveforms.device.type != "cpu":
            return self._block(waveforms, own, chosen, slice(None))
        blocks = [slice(first, first + BLOCK) for first in range(0, len(waveforms), BLOCK)]
        return torch.cat(in_threads(lambda rows: self._block(waveforms, own, chosen, rows), blocks))

    def _block(self, waveforms: Tensor, own: list[BatchRng], chosen: list[Tensor], rows: slice) -> Tensor:
        """Return float32[r, n]: some rows of a batch, augmented. own, chosen: generators and coins of each step."""
        clips = list(waveforms[rows])
        places = torch.arange(len(waveforms), device=waveforms.device)[rows]
        for (step, _), generator, coins in zip(self.steps, own, chosen, strict=True):
            hit = coins[rows].nonzero()[:, 0]
            if len(hit):  # each step is worked out for the rows it is applied to only
                before = torch.stack([clips[row] for row in hit.tolist()])
                for row, clip in zip(hit.tolist(), step(before, generator.take(places[hit])), strict=True):
                    clips[row] = clip
        return torch.stack(clips)
