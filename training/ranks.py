"""Training in several processes, one a device: each takes its share of a step, and gradients are averaged (DDP)."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer

from ..errors import EchodexError
from ..progress import Progress, say, silent
from .interrupt import Interrupted, InterruptFlag
from .keeper import Keeper
from .lifeline import Lifeline, born_deaf, live_by

_POLL_S = 0.2


class Task(Protocol):
    """What several processes train; made of paths and plain data, so that any of them can be told.

    teachers: the clips that are learned from; measured: those that the valid loss is measured on; devices: how many
    processes; steps: batches of each in all.
    """

    @property
    def teachers(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def measured(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def devices(self) -> int: ...  # noqa: D102
    @property
    def steps(self) -> int: ...  # noqa: D102
    def train(  # noqa: D102
        self, interrupt: InterruptFlag, progress: Progress, *, rank: int = 0, keeper: Callable[..., Keeper] = Keeper
    ) -> None: ...


@dataclass(frozen=True)
class _Shared:
    """What the processes of a training and the one that started them tell each other.

    stop: whether to; step: how many are done; lost: a byte for each teacher, 1 where it could not be read; said: lines
    to tell; ends: what ended a process early.
    """

    stop: Any
    step: Any
    lost: Any
    said: Any
    ends: Any


def train_in_ranks(task: Task, interrupt: InterruptFlag, progress: Progress) -> None:
    """Train `task` in `task.devices` processes of this machine, which end with this one.

    Raises Interrupted once `interrupt` is raised and the state saved, and the error of a process that failed.
    """
    context = multiprocessing.get_context("spawn")  # neither CUDA nor LanceDB survives a fork
    lost = context.RawArray("b", len(task.teachers))
    shared = _Shared(context.Value("b", 0), context.Value("q", 0), lost, context.SimpleQueue(), context.SimpleQueue())
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


class _RankKeeper(Keeper):
    """A Keeper in one of several processes, which stop after the same batch, and know what others could not read."""

    def __init__(self, shared: _Shared, teachers: Sequence[str], *others: Any) -> None:
        super().__init__(*others)
        self._shared, self._teachers = shared, teachers
        self._place = {clip_id: place for place, clip_id in enumerate(teachers)}

    def on_train_batch_start(self, trainer: Trainer, _: LightningModule, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        """Ask all processes whether any was told to stop; by then, all have told what they could not read."""
        for clip_id in super().skipped() & self._place.keys():
            self._shared.lost[self._place[clip_id]] = 1
        self._flag.raised = trainer.strategy.reduce_boolean_decision(bool(self._shared.stop.value), all=False)

    def skipped(self) -> set[str]:
        """Return the clips that could not be read so far, by any process."""
        lost = np.flatnonzero(np.frombuffer(self._shared.lost, np.int8))
        return super().skipped() | {self._teachers[place] for place in lost.tolist()}


def _train_rank(rank: int, task: Task, port: int, shared: _Shared, end: Connection) -> None:
    """Train the share of process `rank`, as long as the process at the other end lives."""
    live_by(end)
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "LOCAL_RANK": str(rank), "NODE_RANK": "0"}
    torch.set_num_threads(max(1, torch.get_num_threads() // task.devices))
    progress = silent if rank else _Teller(shared)
    keeper = partial(_RankKeeper, shared, task.teachers)
    try:
        task.train(InterruptFlag(), progress, rank=rank, keeper=keeper)
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
