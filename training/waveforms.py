"""Crops of a view, epoch by epoch, as Lightning takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .loader import Batch, ViewLoader


@dataclass(frozen=True)
class CropBatches:
    """The batches of one epoch of a loader, from number `start` on."""

    loader: ViewLoader
    epoch: int
    start: int = 0

    def __len__(self) -> int:
        return len(self.loader) - self.start

    def __iter__(self) -> Iterator[Batch]:
        # nothing before the first batch is asked for: Lightning makes two iterators of an epoch, and takes one
        self.loader.load_state_dict({**self.loader.state_dict(), "epoch": self.epoch, "batches": self.start})
        yield from self.loader
