"""A Keeper in one of several processes: they stop after the same batch, and each knows what all have seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import distributed

from .keeper import Keeper


class RankKeeper(Keeper):
    """Counts the examples of all processes, and stops all of them once one is `asked` to."""

    def __init__(self, asked: Callable[[], bool], *others: Any) -> None:
        super().__init__(*others)
        self._asked, self._told_of = asked, 0
        self._lost = set[str]()

    def summed(self, trainer: Trainer, loss: float, examples: int) -> tuple[float, int]:
        """Return the loss of this batch summed over the examples of all processes, and how many those are.

        On the way all hear whether any was asked to stop, and of clips that one could not read.
        """
        own = super().skipped()
        figures = [loss * examples, examples, self._asked(), len(own) > self._told_of]
        told = torch.tensor(figures, dtype=torch.float64, device=trainer.strategy.root_device)
        distributed.all_reduce(told)
        loss_sum, everybody, stop, lost = told.tolist()
        self._flag.raised = stop > 0
        if lost:
            self._told_of, found = len(own), [own] * trainer.world_size
            distributed.all_gather_object(found, own)
            self._lost = self._lost.union(*found)
        return loss_sum, int(everybody)

    def skipped(self) -> set[str]:
        """Return the clips that could not be read so far, by any process."""
        return super().skipped() | self._lost
