"""`train fingerprint`: a fingerprint encoder from the clips of a view, with its run folder."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from ...progress import Progress, silent
from ...schemas.run import Run
from ...schemas.view import ALL
from ...store.store import Store
from ..encoder_run import train_encoder
from ..layout import FINGERPRINT
from ..machine import check_devices, machine_precision
from ..run import pinned
from ..splits import Splits
from .clips import fingerprint_splits, fitted, measured_clips, teachers_of, teaching_loader
from .config import AUTO, FingerprintTraining
from .pools import check_pools
from .replicas import spectral_masks
from .share import FingerprintTask
from .start import starting_weights


def train_fingerprint(
    store: Store,
    *,
    view: str = ALL,
    config: FingerprintTraining | None = None,
    name: str | None = None,
    progress: Progress = silent,
) -> Run:
    """Train a fingerprint network on the train clips that `view` keeps and return its run.

    The run folder holds the settings, the splits, the figures of every epoch, TensorBoard events and the encoder of the
    last epoch, which `store.embed("run:NAME")` takes. Ctrl-C raises KeyboardInterrupt after saving; the same call again
    goes on from there, on one CPU with the same number of threads to the same figures. Raises UsageError where the view
    leaves no batch of anchors or a folder of noise or rooms has none, BadInput where the loss does not stay finite or
    the weights to start with are of another network.
    """
    config = config or FingerprintTraining()
    if config.precision == AUTO:
        config = replace(config, precision=machine_precision())
    check_devices(config.devices)
    view = pinned(store, view)
    splits = fingerprint_splits(store, config)
    config = fitted(store, view, teachers_of(store, view, splits), config)
    measured_clips(store, splits, config)  # a run's name is not to be spent on what cannot go
    starting_weights(store, config)
    check_pools(config)
    spectral_masks(config)
    described = {**asdict(config), "drawn_splits": list(splits.drawn)}
    draft = Run(name or "", FINGERPRINT, view, "", "", described, (), {}, "")

    def plan(splits: Splits, folder: Path) -> FingerprintTask:
        teachers, measured = teachers_of(store, view, splits), measured_clips(store, splits, config)
        batches = len(teaching_loader(store, view, teachers, config))
        return FingerprintTask(store, view, teachers, measured, batches, config, folder)

    return train_encoder(store, draft, splits, config, plan, progress)
