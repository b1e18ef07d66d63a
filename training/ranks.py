"""Training in several processes of this machine, one a device: each takes its share of a step (DDP)."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

import torch

from ..errors import EchodexError
from ..progress import Progress, say, silent
from .interrupt import Interrupted, InterruptFlag
from .launch import Launch
from .lifeline import Lifeline, born_deaf, live_by
from .rank_keeper import RankKeeper
from .task import Task

_POLL_S = 0.2


@dataclass(frozen=True)
class _Shared:
    """What the processes of a training and the one that started them tell each other.

    stop: whether to; step: how many are done; said: lines to tell; ends: what ended a process early.
    """

    stop: Any
    step: Any
    said: Any
    ends: Any

    def asked(self) -> bool:
        """Return whether the processes are to stop."""
        return bool(self.stop.value)


def train_in_ranks(task: Task, interrupt: InterruptFlag, progress: Progress) -> None:
    """Train `task` in `task.devices` processes of this machine, which end with this one.

    Raises Interrupted once `interrupt` is raised and the state saved, and the error of a process that failed.
    """
    context = multiprocessing.get_context("spawn")  # neither CUDA nor LanceDB survives a fork
    shared = _Shared(context.Value("b", 0), context.Value("q", 0), context.SimpleQueue(), context.SimpleQueue())
    lifeline, port = Lifeline(), _free_port()
    ranks = [
        context.Process(target=_train_rank, args=(rank, task, port, shared, lifeline.end))
        for rank in range(task.devices)
    ]
    try:
        with born_deaf():
            for process in ranks:
                process.start()
        while not _ended(ranks):
            wait([process.sentinel for process in ranks if process.is_alive()], timeout=_POLL_S)
            shared.stop.value = int(interrupt.raised)
            progress("train", shared.step.value, task.steps)
            while not shared.said.empty():
                say(progress, shared.said.get())
    finally:
        for process in ranks:
            if process.pid:
                process.kill()  # those that wait for one that failed
                process.join()
        lifeline.cut()
    if not shared.ends.empty():
        raise shared.ends.get() from None
    failed = [process.exitcode for process in ranks if process.exitcode]
    if failed:
        raise EchodexError(f"a process of the training ended with code {failed[0]}; run the same command again")


def _ended(ranks: Sequence[Any]) -> bool:
    """Return whether all processes are done, or one failed."""
    codes = [process.exitcode for process in ranks]
    return None not in codes or any(codes)


class _Teller:
    """How far the first of several processes is, for the one that started them."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared

    def __call__(self, stage: str, done: int, total: int | None) -> None:  # noqa: ARG002
        self._shared.step.value = done

    def say(self, line: str) -> None:
        self._shared.said.put(line)


def _train_rank(rank: int, task: Task, port: int, shared: _Shared, end: Connection) -> None:
    """Train the share of process `rank`, as long as the process at the other end lives."""
    live_by(end)
    os.environ |= Launch(rank, task.devices, rank, task.devices).environment("127.0.0.1", port)
    torch.set_num_threads(max(1, torch.get_num_threads() // task.devices))
    progress = silent if rank else _Teller(shared)
    try:
        task.train(InterruptFlag(), progress, rank=rank, keeper=partial(RankKeeper, shared.asked))
    except Interrupted as interrupted:
        if rank == 0:
            shared.ends.put(interrupted)
    except EchodexError as error:
        shared.ends.put(error)
        sys.exit(1)


def _free_port() -> int:
    """Return a port for the processes to find each other at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
