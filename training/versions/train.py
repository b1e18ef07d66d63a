"""`train versions`: an encoder of musical versions from the works of a view, with its run folder."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from ...progress import Progress, say, silent
from ...schemas.run import Run
from ...schemas.view import ALL
from ...store.store import Store
from ..encoder_run import Planned, train_encoder
from ..layout import VERSIONS
from ..machine import machine_precision, on_devices
from ..run import pinned
from ..splits import TEST, Splits
from .clips import measured_works, teaching_loader, teaching_works, version_splits
from .config import AUTO, VersionsTraining
from .frames import compute_missing
from .share import VersionsTask
from .start import starting_weights
from .works import read_works


def train_versions(
    store: Store,
    *,
    view: str = ALL,
    config: VersionsTraining | None = None,
    name: str | None = None,
    strict: bool = False,
    progress: Progress = silent,
) -> Run:
    """Train a network of versions on the train works that `view` keeps and return its run.

    What the table of frames lacks of the works, those of tests as well, is computed first. Clips of the view without
    another version of their work there are left out, and counted among the metrics as lone_clips; so are those of which
    no frames can be computed, unless it is strict. The run folder holds the settings, the splits, the figures of every
    epoch, TensorBoard events and the encoder of the best epoch, which
    `store.embed("run:NAME")` takes. Ctrl-C raises KeyboardInterrupt after saving; the same call again goes on from
    there, on one CPU with the same number of threads to the same figures. Raises UsageError where there are no two
    works to teach or to measure on, or a work is in two splits; BadInput where no epoch ends on finite vectors, or the
    weights to start with are of another network.
    """
    settings = config or VersionsTraining()
    if settings.precision == AUTO:
        settings = replace(settings, precision=machine_precision())
    settings = on_devices(settings)
    return train_encoder(
        store, lambda: _planned(store, pinned(store, view), settings, name, strict, progress), progress
    )


def _planned(
    store: Store, view: str, config: VersionsTraining, name: str | None, strict: bool, progress: Progress
) -> Planned:
    """Return the training of a pinned view, once its frames are there."""
    splits = version_splits(store, config)
    taught, valid = teaching_works(store, view, splits), measured_works(store, splits)
    starting_weights(store, config)  # a run's name is not to be spent on what cannot go
    wanted = [*taught.clip_ids, *valid.clip_ids, *splits.ids(TEST)]
    compute_missing(store, wanted, config, progress, strict=strict)
    teaching_loader(store, teaching_works(store, view, splits, config.frames), config)  # nor on frames of another kind
    lone = read_works(store, view=view).lone
    if lone:
        say(progress, f"{lone} clips of {view} have no other version of their work there, and are left out")
    described = {**asdict(config), "drawn_splits": list(splits.drawn)}
    draft = Run(name or "", VERSIONS, view, "", "", described, (), {}, "")

    def task(splits: Splits, folder: Path) -> VersionsTask:
        taught = teaching_works(store, view, splits, config.frames)
        valid = measured_works(store, splits, config.frames)
        batches = len(teaching_loader(store, taught, config).loader)
        return VersionsTask(store, taught, valid, batches, config, folder)

    return Planned(draft, splits, config, task, best=True, counted={"lone_clips": lone})
