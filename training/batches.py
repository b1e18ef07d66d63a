"""Batches of tensors that are in memory: what a small head trains on, without a DataLoader's machinery."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from .order import Shuffle, epoch_rows
from .shards import Shard


@dataclass(frozen=True)
class TensorBatches:
    """The batches of one epoch from number `start` on, in the order that (seed, epoch) gives; `seed` None: as they lie.

    inputs: float32[n, d]; targets: float32[n, c] or int64[n].
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    batch_size: int
    seed: int | None = None
    epoch: int = 0
    start: int = 0

    def __len__(self) -> int:
        return Shard(self.batch_size).batches(len(self.inputs)) - self.start

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        count = len(self.inputs)
        if self.seed is None:
            rows = torch.arange(count)
        else:
            rows = torch.from_numpy(epoch_rows(count, Shuffle(self.seed), Shard(self.batch_size), self.epoch))
        for first in range(self.start * self.batch_size, count, self.batch_size):
            batch = rows[first : first + self.batch_size]
            yield self.inputs[batch], self.targets[batch]
