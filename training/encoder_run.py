"""The whole of a training that makes an encoder, in one process or several, with its run folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..encoders.base import digest
from ..progress import Progress, say
from ..schemas.run import Run
from ..store.files import remove
from ..store.store import Store
from .begun import kept_splits, opening
from .interrupt import interrupt_flag
from .layout import ENCODER_FILE, STATE_FILE
from .ranks import Task, train_in_ranks
from .run import finish_run, run_folder, working_run
from .runlog import read_log
from .splits import TEST, Splits
from .trained import read_encoder
from .trainee import MONITOR

_COUNTERS = ("epoch", "step", "learning_rate")


def train_encoder(
    store: Store,
    draft: Run,
    splits: Splits,
    config: Any,
    plan: Callable[[Splits, Path], Task],
    progress: Progress,
    *,
    best: bool = False,
    counted: Mapping[str, int] | None = None,
) -> Run:
    """Train, or go on training, what `draft` describes, and return the finished run with the digest of its encoder.

    splits: for a run that is new; one that goes on has its own. plan(splits, folder): what to train. best: whether the
    weights of the best epoch are what remains, and its figures, not those of the last one. counted: what is to be told
    beside the figures. Raises what the task does, and KeyboardInterrupt once it is interrupted and saved.
    """
    with interrupt_flag() as interrupt, working_run(store, draft) as run:
        folder = run_folder(store, run.name)
        splits = kept_splits(folder, splits, config)
        task = plan(splits, folder)
        sizes = {"teach": len(task.teachers), "valid": len(task.measured)}
        say(progress, opening(folder, config.max_epochs, splits=splits, **sizes))
        if task.devices == 1:
            task.train(interrupt, progress)
        else:
            train_in_ranks(task, interrupt, progress)
        run = replace(run, encoder_digest=digest(read_encoder(folder / ENCODER_FILE)))
        counts = {"test_clips": len(splits.ids(TEST)), **(counted or {})}
        run = finish_run(store, run, {**_figures(folder, task, best), **counts})
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
