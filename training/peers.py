"""Training in processes that somebody else started, on one machine or several.

The first of them does what a training alone would: it has the run's folder and its lock, plans, and keeps the state.
The others are told by it what to train. All see the same store, in a folder that their machines share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import torch
from torch import distributed

from ..errors import EchodexError
from ..progress import Progress, silent
from ..schemas.run import Run
from .interrupt import InterruptFlag, interrupt_flag
from .launch import Launch
from .rank_keeper import RankKeeper
from .task import Task

Train = Callable[[Task, InterruptFlag, Progress], None]
"""What trains a task: in this process, or in it and others."""

_PATIENCE = timedelta(days=7)
"""How long the others wait for the first, which may have frames of a whole collection to compute before it plans."""


def train_launched(launch: Launch, lead: Callable[[Train], Run]) -> Run:
    """Return the run that `lead` trains in the first process, and in the others with it.

    lead: is given what trains a task together with the other processes. Raises what it raises; in the others,
    Interrupted where they were interrupted, and EchodexError where the first one had nothing to train.
    """
    with _joined(launch) as told:
        if launch.rank:
            with interrupt_flag() as interrupt:
                _share(launch, told.by_first(), interrupt, silent)
                found: Run = told.by_first()
                return found
        waiting = True  # the others, for a word of this one

        def train(task: Task, interrupt: InterruptFlag, progress: Progress) -> None:
            nonlocal waiting
            told.to_all(task)
            waiting = False
            _share(launch, task, interrupt, progress)
            waiting = True

        try:
            run = lead(train)
        except BaseException:
            if waiting:
                told.to_all(None)
            raise
        told.to_all(run)
        return run


@contextmanager
def _joined(launch: Launch) -> Iterator[_Told]:
    """Let the processes of a launch talk to each other, where whoever started them does not already."""
    theirs, on_gpus = distributed.is_initialized(), torch.cuda.is_available()
    if not theirs:
        if on_gpus:
            torch.cuda.set_device(launch.local_rank)
        distributed.init_process_group("nccl" if on_gpus else "gloo")
    try:
        yield _Told(distributed.new_group(backend="gloo", timeout=_PATIENCE))
    finally:
        if not theirs:
            distributed.destroy_process_group()


@dataclass(frozen=True)
class _Told:
    """What the first process tells the others: what to train, and the run that came of it; None where it failed."""

    group: Any

    def to_all(self, value: Any) -> None:
        """Tell the others; for the first alone."""
        distributed.broadcast_object_list([value], src=0, group=self.group)

    def by_first(self) -> Any:
        """Return what the first one tells next; raise EchodexError where it failed."""
        box: list[Any] = [None]
        distributed.broadcast_object_list(box, src=0, group=self.group)
        if box[0] is None:
            raise EchodexError("the first process of the training ended; see what it said")
        return box[0]


def _share(launch: Launch, task: Task, interrupt: InterruptFlag, progress: Progress) -> None:
    """Train the share of this process; once one of them is interrupted, all are."""
    keeper = partial(RankKeeper, lambda: interrupt.raised)
    try:
        task.train(InterruptFlag(), progress, rank=launch.rank, keeper=keeper)
    except RuntimeError as error:
        if not _is_of_peer(error):
            raise
        raise EchodexError(
            "another process of the training ended; see what it said, and run the same command again to go on"
        ) from error


def _is_of_peer(error: RuntimeError) -> bool:
    """Return whether the connection to another process broke, which gloo says in words alone."""
    return isinstance(error, distributed.DistError) or "gloo" in str(error)
