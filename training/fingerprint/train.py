"""`train fingerprint`: a fingerprint encoder from the clips of a view, with its run folder."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ...errors import EchodexError
from ...progress import Progress, silent
from ...schemas.run import RUNS, Run
from ...schemas.view import ALL
from ...store.store import Store
from ..encoder_run import Planned, train_encoder
from ..layout import FINGERPRINT, SPLITS_FILE
from ..machine import machine_precision, on_devices
from ..run import load_run, pinned, run_folder, same_training
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
    strict: bool = False,
    progress: Progress = silent,
) -> Run:
    """Train a fingerprint network on the train clips that `view` keeps and return its run.

    The run folder holds the settings, the splits, the figures of every epoch, TensorBoard events and the encoder of the
    last epoch, which `store.embed("run:NAME")` takes. Ctrl-C raises KeyboardInterrupt after saving; the same call again
    goes on from there, on one CPU with the same number of threads to the same figures. Clips that cannot be read are
    left out and counted among the metrics as skipped_clips; strict: the first one ends it. Raises UsageError where the
    view leaves no batch of anchors or a folder of noise or rooms has none, BadInput where the loss does not stay finite
    or the weights to start with are of another network.
    """
    settings = config or FingerprintTraining()
    if settings.precision == AUTO:
        settings = replace(settings, precision=machine_precision())
    settings = on_devices(settings)

    def plan() -> Planned:
        pinned_view = pinned(store, view)
        splits = _begun(store, pinned_view, settings, name) or fingerprint_splits(store, settings)
        config = fitted(store, pinned_view, teachers_of(store, pinned_view, splits), settings)
        measured_clips(store, splits, config)  # a run's name is not to be spent on what cannot go
        starting_weights(store, config)
        check_pools(config)
        spectral_masks(config)
        draft = Run(name or "", FINGERPRINT, pinned_view, "", "", _described(config, splits), (), {}, "")

        def task(splits: Splits, folder: Path) -> FingerprintTask:
            teachers, measured = teachers_of(store, pinned_view, splits), measured_clips(store, splits, config)
            batches = len(teaching_loader(store, pinned_view, teachers, config))
            return FingerprintTask(store, pinned_view, teachers, measured, batches, config, folder, strict)

        return Planned(draft, splits, config, task)

    return train_encoder(store, plan, progress)


def _begun(store: Store, view: str, config: FingerprintTraining, name: str | None) -> Splits | None:
    """Return the splits of the unfinished run that these words go on with, None where there is none: of clips that came
    meanwhile there would be other numbers of epochs and anchors than it was begun with.
    """
    for folder in [run_folder(store, name)] if name else sorted(store.beside(RUNS).glob(f"{FINGERPRINT}-*")):
        with suppress(EchodexError):  # a damaged run is told of where it is named
            run = load_run(store, folder.name)
            if not run.metrics and (run.objective, run.view) == (FINGERPRINT, view):
                splits = Splits.load(folder / SPLITS_FILE)
                told = _described(fitted(store, view, teachers_of(store, view, splits), config), splits)
                if same_training(told, run.config):
                    return splits
    return None


def _described(config: FingerprintTraining, splits: Splits) -> dict[str, Any]:
    """Return what a run says of how it was made."""
    return {**asdict(config), "drawn_splits": list(splits.drawn)}
