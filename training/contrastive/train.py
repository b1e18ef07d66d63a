"""`train clmr`: contrastive pre-training on the clips of a view, with its run folder."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from ...encoders.base import digest
from ...progress import Progress, say, silent
from ...schemas.run import Run
from ...schemas.view import ALL
from ...store.store import Store
from ..begun import kept_splits, opening
from ..interrupt import interrupt_flag
from ..layout import CLMR, ENCODER_FILE, STATE_FILE
from ..run import finish_run, pinned, run_folder, working_run
from ..runlog import read_log
from ..splits import TEST
from ..trained import read_encoder
from .clips import contrastive_splits, measured_clips, teachers_of
from .config import ClmrTraining
from .ranks import train_in_ranks
from .share import Task, check_devices

_COUNTERS = ("epoch", "step", "learning_rate")


def train_clmr(
    store: Store,
    *,
    view: str = ALL,
    config: ClmrTraining | None = None,
    name: str | None = None,
    progress: Progress = silent,
) -> Run:
    """Train a fresh SampleCNN on pairs of crops of the train clips that `view` keeps and return its run.

    The run folder holds the settings, the splits, the figures of every epoch, TensorBoard events and the encoder of the
    last epoch, which `store.embed("run:NAME")` takes. Ctrl-C raises KeyboardInterrupt after saving; the same call again
    goes on from there, on one CPU with the same number of threads to the same figures. Raises UsageError where the view
    leaves no batch of train clips, BadInput where the loss does not stay finite.
    """
    config = config or ClmrTraining()
    check_devices(config.devices)
    view = pinned(store, view)
    splits = contrastive_splits(store, config)
    teachers_of(store, view, splits, config)  # before a folder is made for them
    measured_clips(store, splits, config)
    described = {**asdict(config), "drawn_splits": list(splits.drawn)}
    draft = Run(name or "", CLMR, view, "", "", described, (), {}, "")
    with interrupt_flag() as interrupt, working_run(store, draft) as run:
        folder = run_folder(store, run.name)
        splits = kept_splits(folder, splits, config)
        teachers, measured = teachers_of(store, view, splits, config), measured_clips(store, splits, config)
        task = Task(store, view, teachers, measured, config, folder)
        sizes = {"teach": len(teachers), "valid": len(measured)}
        say(progress, opening(folder, config.max_epochs, splits=splits, **sizes))
        if config.devices == 1:
            task.train(interrupt, progress)
        else:
            train_in_ranks(task, interrupt, progress)
        run = replace(run, encoder_digest=digest(read_encoder(folder / ENCODER_FILE)))
        run = finish_run(store, run, {**_figures(folder, task), "test_clips": len(splits.ids(TEST))})
        (folder / STATE_FILE).unlink(missing_ok=True)
    return run


def _figures(folder: Path, task: Task) -> dict[str, float]:
    """Return the metrics of a finished run: the last epoch's, and counts."""
    last = read_log(folder)[-1]
    counts = {"epochs": last["epoch"] + 1, "steps": last["step"]}
    sizes = {"train_clips": len(task.teachers), "valid_clips": len(task.measured), "skipped_clips": 0}
    return {**sizes, **counts, **{name: value for name, value in last.items() if name not in _COUNTERS}}
