"""`train fingerprint`: a fingerprint encoder from the clips of a view, with its run folder."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import torch

from ...encoders.base import digest
from ...progress import Progress, say, silent
from ...schemas.run import Run
from ...schemas.view import ALL
from ...store.store import Store
from ..begun import kept_splits, opening
from ..contrastive.ranks import train_in_ranks
from ..contrastive.share import check_devices
from ..interrupt import interrupt_flag
from ..layout import ENCODER_FILE, FINGERPRINT, STATE_FILE
from ..run import finish_run, pinned, run_folder, working_run
from ..runlog import read_log
from ..splits import TEST
from ..trained import read_encoder
from .clips import fingerprint_splits, measured_clips, teachers_of, teaching_loader
from .config import AUTO, FingerprintTraining
from .share import FingerprintTask

_COUNTERS = ("epoch", "step", "learning_rate")


def train_fingerprint(
    store: Store,
    *,
    view: str = ALL,
    config: FingerprintTraining | None = None,
    name: str | None = None,
    progress: Progress = silent,
) -> Run:
    """Train a fresh fingerprint network on the train clips that `view` keeps and return its run.

    The run folder holds the settings, the splits, the figures of every epoch, TensorBoard events and the encoder of the
    last epoch, which `store.embed("run:NAME")` takes. Ctrl-C raises KeyboardInterrupt after saving; the same call again
    goes on from there, on one CPU with the same number of threads to the same figures. Raises UsageError where the view
    leaves no batch of anchors or a folder of noise or rooms has none, BadInput where the loss does not stay finite.
    """
    config = config or FingerprintTraining()
    if config.precision == AUTO:
        config = replace(config, precision=machine_precision())
    check_devices(config.devices)
    view = pinned(store, view)
    splits = fingerprint_splits(store, config)
    batches = len(teaching_loader(store, view, teachers_of(store, view, splits), config))  # before a folder is made
    config = replace(config, max_epochs=config.epochs(batches))
    measured_clips(store, splits, config)
    described = {**asdict(config), "drawn_splits": list(splits.drawn)}
    draft = Run(name or "", FINGERPRINT, view, "", "", described, (), {}, "")
    with interrupt_flag() as interrupt, working_run(store, draft) as run:
        folder = run_folder(store, run.name)
        splits = kept_splits(folder, splits, config)
        teachers, measured = teachers_of(store, view, splits), measured_clips(store, splits, config)
        batches = len(teaching_loader(store, view, teachers, config))
        task = FingerprintTask(store, view, teachers, measured, batches, config, folder)
        say(progress, opening(folder, config.max_epochs, splits=splits, teach=len(teachers), valid=len(measured)))
        if config.devices == 1:
            task.train(interrupt, progress)
        else:
            train_in_ranks(task, interrupt, progress)
        sizes = {"train_clips": len(teachers), "valid_clips": len(measured), "test_clips": len(splits.ids(TEST))}
        run = replace(run, encoder_digest=digest(read_encoder(folder / ENCODER_FILE)))
        run = finish_run(store, run, {**sizes, **_figures(folder)})
        (folder / STATE_FILE).unlink(missing_ok=True)
    return run


def machine_precision() -> str:
    """Return bf16-mixed where the GPU, or without one the CPU, computes in it, else 32-true."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    return "bf16-mixed" if torch.cpu.get_capabilities().get("avx512_bf16") else "32-true"


def _figures(folder: Path) -> dict[str, float]:
    """Return the figures of the last epoch, and how many epochs and steps there were."""
    last = read_log(folder)[-1]
    figures = {name: value for name, value in last.items() if name not in _COUNTERS}
    return {"skipped_clips": 0, **figures, "epochs": last["epoch"] + 1, "steps": last["step"]}
