"""The whole of a training that makes an encoder, in one process or several, with its run folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..encoders.base import digest
from ..progress import Progress, say
from ..schemas.run import Run
from ..store.files import remove
from ..store.store import Store
from .begun import kept_splits, opening
from .interrupt import InterruptFlag, interrupt_flag
from .launch import launched
from .layout import ENCODER_FILE, STATE_FILE
from .peers import Train, train_launched
from .ranks import train_in_ranks
from .run import finish_run, run_folder, working_run
from .runlog import read_log
from .splits import TEST, Splits
from .task import Task
from .trained import read_encoder
from .trainee import MONITOR

_COUNTERS = ("epoch", "step", "learning_rate")


@dataclass(frozen=True)
class Planned:
    """A training that can go: what a run says of it, and how it is made once that has a folder.

    splits: for a run that is new; one that goes on has its own. task(splits, folder): what to train. best: whether the
    weights of the best epoch are what remains, and its figures, not those of the last one. counted: what is to be told
    beside the figures.
    """

    draft: Run
    splits: Splits
    config: Any
    task: Callable[[Splits, Path], Task]
    best: bool = False
    counted: Mapping[str, int] = field(default_factory=dict)


def train_encoder(store: Store, plan: Callable[[], Planned], progress: Progress) -> Run:
    """Train, or go on training, what `plan` returns, and return the finished run with the digest of its encoder.

    In one of several processes that were started for it, the first plans and has the run, and all train. Raises what
    the plan and its task do, and KeyboardInterrupt once it is interrupted and saved.
    """
    launch = launched()
    if launch:
        return train_launched(launch, lambda train: _train_planned(store, plan(), train, progress))
    return _train_planned(store, plan(), _train_here, progress)


def _train_here(task: Task, interrupt: InterruptFlag, progress: Progress) -> None:
    if task.devices == 1:
        task.train(interrupt, progress)
    else:
        train_in_ranks(task, interrupt, progress)


def _train_planned(store: Store, planned: Planned, train: Train, progress: Progress) -> Run:
    config = planned.config
    with interrupt_flag() as interrupt, working_run(store, planned.draft) as run:
        folder = run_folder(store, run.name)
        splits = kept_splits(folder, planned.splits, config)
        task = planned.task(splits, folder)
        sizes = {"teach": len(task.teachers), "valid": len(task.measured)}
        say(progress, opening(folder, config.max_epochs, splits=splits, **sizes))
        train(task, interrupt, progress)
        run = replace(run, encoder_digest=digest(read_encoder(folder / ENCODER_FILE)))
        counts = {"test_clips": len(splits.ids(TEST)), **planned.counted}
        run = finish_run(store, run, {**_figures(folder, task, planned.best), **counts})
        remove(folder / STATE_FILE)
    return run


def _figures(folder: Path, task: Task, best: bool) -> dict[str, float]:
    """Return the metrics of a finished run: those of the epoch that remains, and counts."""
    log = read_log(folder)
    last = log[-1]
    remains = min(log, key=lambda line: line.get(MONITOR, math.inf)) if best else last
    counts = {"epochs": last["epoch"] + 1, "steps": last["step"]}
    sizes = {"train_clips": len(task.teachers), "valid_clips": len(task.measured), "skipped_clips": 0}
    return {**sizes, **counts, **{name: value for name, value in remains.items() if name not in _COUNTERS}}
