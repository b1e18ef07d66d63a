"""Training in processes that somebody else started, on one machine or several.

The first of them does what a training alone would: it has the run's folder and its lock, plans, and keeps the state.
The others are told by it what to train. All see the same store, in a folder that their machines share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import torch
from torch import distributed

from ..errors import EchodexError
from ..progress import Progress, silent
from ..schemas.run import Run
from .interrupt import InterruptFlag, interrupt_flag
from .launch import Launch
from .rank_keeper import RankKeeper
from .task import Task

T = TypeVar("T")

Train = Callable[[Task, InterruptFlag, Progress], None]
"""What trains a task: in this process, or in it and others."""


def train_launched(launch: Launch, lead: Callable[[Train], Run]) -> Run:
    """Return the run that `lead` trains in the first process, and in the others with it.

    lead: is given what trains a task together with the other processes. Raises what it raises; in the others,
    Interrupted where they were interrupted, and EchodexError where the first one had nothing to train.
    """
    with joined(launch):
        if launch.rank:
            with interrupt_flag() as interrupt:
                _share(launch, _from_first(None), interrupt, silent)
                return _from_first(None)
        waiting = True  # the others, for a word of this one

        def train(task: Task, interrupt: InterruptFlag, progress: Progress) -> None:
            nonlocal waiting
            _from_first(task)
            waiting = False
            _share(launch, task, interrupt, progress)
            waiting = True

        try:
            run = lead(train)
        except BaseException:
            if waiting:
                _tell(None)
            raise
        return _from_first(run)


@contextmanager
def joined(launch: Launch) -> Iterator[None]:
    """Let the processes of a launch talk to each other, where whoever started them does not already."""
    if distributed.is_initialized():
        yield
        return
    on_gpus = torch.cuda.is_available()
    if on_gpus:
        torch.cuda.set_device(launch.local_rank)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if on_gpus else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


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


def _from_first(value: T | None) -> T:
    """Return the `value` of the first process; raise EchodexError where it has none to give."""
    told: T | None = _tell(value)
    if told is None:
        raise EchodexError("the first process of the training ended; see what it said")
    return told


def _tell(value: Any) -> Any:
    """Return in every process the `value` of the first."""
    told = [value]
    distributed.broadcast_object_list(told)
    return told[0]
