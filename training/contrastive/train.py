"""`train clmr`: contrastive pre-training on the clips of a view, with its run folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ...progress import Progress, silent
from ...schemas.run import Run
from ...schemas.view import ALL
from ...store.store import Store
from ..encoder_run import Planned, train_encoder
from ..layout import CLMR
from ..machine import on_devices
from ..run import pinned
from ..splits import Splits
from .clips import contrastive_splits, measured_clips, teachers_of
from .config import ClmrTraining
from .share import Task


def train_clmr(
    store: Store,
    *,
    view: str = ALL,
    config: ClmrTraining | None = None,
    name: str | None = None,
    strict: bool = False,
    progress: Progress = silent,
) -> Run:
    """Train a fresh SampleCNN on pairs of crops of the train clips that `view` keeps and return its run.

    The run folder holds the settings, the splits, the figures of every epoch, TensorBoard events and the encoder of the
    last epoch, which `store.embed("run:NAME")` takes. Ctrl-C raises KeyboardInterrupt after saving; the same call again
    goes on from there, on one CPU with the same number of threads to the same figures. Clips that cannot be read are
    left out and counted among the metrics as skipped_clips; strict: the first one ends it. Raises UsageError where the
    view leaves no batch of train clips, BadInput where the loss does not stay finite.
    """
    config = on_devices(config or ClmrTraining())

    def plan() -> Planned:
        pinned_view = pinned(store, view)
        splits = contrastive_splits(store, config)
        teachers_of(store, pinned_view, splits, config)  # before a folder is made for them
        measured_clips(store, splits, config)
        described = {**asdict(config), "drawn_splits": list(splits.drawn)}
        draft = Run(name or "", CLMR, pinned_view, "", "", described, (), {}, "")

        def task(splits: Splits, folder: Path) -> Task:
            teachers, measured = teachers_of(store, pinned_view, splits, config), measured_clips(store, splits, config)
            return Task(store, pinned_view, teachers, measured, config, folder, strict)

        return Planned(draft, splits, config, task)

    return train_encoder(store, plan, progress)
