"""Training in several processes, one a device: each takes its share of a step, and gradients are averaged (DDP)."""

from __future__ import annotations

import os
import signal
import socket
from functools import partial
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import multiprocessing
from torch.multiprocessing.spawn import ProcessException, start_processes

from ...errors import EchodexError
from ...progress import Progress
from ..interrupt import Interrupted, InterruptFlag
from ..keeper import Keeper
from .share import Task, train_share

_POLL_S = 0.2


def train_in_ranks(task: Task, interrupt: InterruptFlag, progress: Progress) -> None:
    """Train `task` in `task.config.devices` processes of this machine.

    Raises Interrupted once `interrupt` is raised and the state saved, and the error of a process that failed.
    """
    context = multiprocessing.get_context("spawn")  # neither CUDA nor LanceDB survives a fork
    stop, step, ends = context.Value("b", 0), context.Value("q", 0), context.SimpleQueue()
    ranks: Any = start_processes(  # type: ignore[no-untyped-call]
        _train_rank,
        args=(task, _free_port(), stop, step, ends),
        nprocs=task.config.devices,
        join=False,
        start_method="spawn",
    )
    try:
        while not ranks.join(timeout=_POLL_S):
            stop.value = int(interrupt.raised)
            progress("train", step.value, task.steps)
    except ProcessException:
        if ends.empty():
            raise
    finally:
        for process in ranks.processes:
            process.terminate()
    if not ends.empty():
        raise ends.get() from None


class _RankKeeper(Keeper):
    """A Keeper in one of several processes, which heed Ctrl-C after the same batch."""

    def __init__(self, stop: Any, *others: Any) -> None:
        super().__init__(*others)
        self._stop = stop

    def on_train_batch_start(self, trainer: Trainer, _: LightningModule, batch: Any, batch_idx: int) -> None:  # noqa: ARG002
        """Ask all processes whether any was told to stop."""
        self._flag.raised = trainer.strategy.reduce_boolean_decision(bool(self._stop.value), all=False)


def _train_rank(rank: int, task: Task, port: int, stop: Any, step: Any, ends: Any) -> None:
    """Train the share of process `rank`; what ends it early goes to `ends`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the first process says when to stop
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "LOCAL_RANK": str(rank), "NODE_RANK": "0"}
    torch.set_num_threads(max(1, torch.get_num_threads() // task.config.devices))

    def progress(stage: str, done: int, total: int | None) -> None:  # noqa: ARG001
        if rank == 0:
            step.value = done

    try:
        train_share(task, InterruptFlag(), progress, rank=rank, keeper=partial(_RankKeeper, stop))
    except Interrupted as interrupted:
        if rank == 0:
            ends.put(interrupted)
    except EchodexError as error:
        ends.put(error)
        raise


def _free_port() -> int:
    """Return a port for the processes to find each other at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
