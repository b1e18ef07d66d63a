"""`train supervised`: SampleCNN on the waveforms and labels of a view, with its run folder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ...encoders.base import digest
from ...encoders.registry import build
from ...errors import BadInput, UsageError
from ...progress import Progress, say, silent
from ...schemas.run import Run
from ...schemas.view import ALL
from ...store.files import remove
from ...store.store import Store
from ..begun import kept_splits, opening
from ..head import LINEAR, Head, save_head
from ..interrupt import interrupt_flag
from ..keeper import Keeper, StopCondition
from ..labels import Labels, read_labels
from ..layout import ENCODER_FILE, HEAD_FILE, STATE_FILE, SUPERVISED
from ..loader import ViewLoader, view_loader
from ..machine import check_alone
from ..run import finish_run, pinned, run_folder, working_run
from ..splits import TEST, TRAIN, VALID, Splits, read_splits
from ..state import load_state
from ..trained import PREFIX, save_trained
from ..trainer import run_trainer
from .config import SupervisedTraining
from .module import Crops, SupervisedModule

ENCODER = "clmr"
"""The registered encoder that a SampleCNN without its head is."""


def train_supervised(
    store: Store,
    *,
    view: str = ALL,
    config: SupervisedTraining | None = None,
    name: str | None = None,
    strict: bool = False,
    progress: Progress = silent,
) -> Run:
    """Train a fresh network on the train clips that `view` keeps and return its run.

    Labels and splits are those of a probe (train_probe). The run folder keeps the encoder and the head of the epoch
    with the lowest valid loss: an encoder for `embed run:NAME`, and a run for `evaluate tags`. Ctrl-C raises
    KeyboardInterrupt after saving; the same call again goes on from there. Clips that cannot be read are left out and
    counted among the metrics as skipped_clips; strict: the first one ends it. Raises UsageError where the view leaves
    fewer than two clips to train on or none to validate on, BadInput where no epoch had a finite loss.
    """
    check_alone(SUPERVISED)
    config = config or SupervisedTraining()
    view = pinned(store, view)
    labels = read_labels(store, config.labels)
    splits = read_splits(store, labels, config.seed)
    notes = {"multi_label": labels.multi_label, "drawn_splits": list(splits.drawn)}
    draft = Run(name or "", SUPERVISED, view, "", "", {**asdict(config), **notes}, labels.classes, {}, "")
    crop_sets(store, view, labels, splits, config)  # before a folder is made for them
    with interrupt_flag() as interrupt, working_run(store, draft) as run:
        folder = run_folder(store, run.name)
        splits = kept_splits(folder, splits, config)
        crops = crop_sets(store, view, labels, splits, config)
        path = folder / STATE_FILE
        state = load_state(path) if path.is_file() else None
        module = SupervisedModule(crops, config, state)
        keeper = Keeper(module, StopCondition(config.stop_patience, 0.0, interrupt, strict), path, state, progress)
        teach, valid = len(crops.train.clip_ids), len(crops.valid.clip_ids)
        say(progress, opening(folder, config.max_epochs, teach=teach, valid=valid, splits=splits))
        flags: dict[str, Any] = {"precision": config.precision, "accumulate_grad_batches": config.accumulate}
        with closing(crops.train), closing(crops.valid):
            run_trainer(module, keeper, devices=1, **flags)
        if keeper.best is None:
            raise BadInput("the loss was not finite in any epoch; lower learning_rate, or check the audio")
        run = replace(run, encoder_digest=_save(folder, keeper.best.net, labels, config))
        figures = {"valid_loss": keeper.best.loss, "epochs": module.place.epoch, "steps": module.place.step}
        sizes = {"train_clips": teach, "valid_clips": valid, "test_clips": len(splits.ids(TEST))}
        run = finish_run(store, run, {**figures, **sizes, "skipped_clips": len(module.place.skipped)})
        remove(path)
    return run


def crop_sets(store: Store, view: str, labels: Labels, splits: Splits, config: SupervisedTraining) -> Crops:
    """Return loaders of the train clips that `view` keeps and of all valid clips of the store.

    The valid clips are the same whatever the view, so that trainings on different views stop by the same measure. Every
    train batch is full, as batch normalisation wants it; fewer clips than `batch_size` make one batch. Raises
    UsageError where there are not two train clips or no valid clip.
    """
    loaders: list[ViewLoader] = []
    for split, source, least in ((TRAIN, view, 2), (VALID, ALL, 1)):
        kept = set(store.clips(["clip_id"], view=source).column(0).to_pylist())
        clip_ids = [clip_id for clip_id in splits.ids(split) if clip_id in kept]
        if len(clip_ids) < least:
            few = "are no" if not clip_ids else "is but one of the"
            raise UsageError(f"there {few} {split} clips in {source!r}; check the splits, or train on another view")
        loaders.append(
            view_loader(
                store,
                source,
                clip_ids=clip_ids,
                batch_size=min(config.batch_size, len(clip_ids)),
                seconds=config.audio_length / config.sample_rate,
                sample_rate_hz=config.sample_rate,
                labels=None,
                seed=config.seed,
                workers=config.workers,
                drop_last=split == TRAIN,
            )
        )
    return Crops(loaders[0], loaders[1], labels)


def _save(folder: Path, net: Mapping[str, torch.Tensor], labels: Labels, config: SupervisedTraining) -> str:
    """Write the encoder and its head; return the encoder's digest. It gives a vector per window, as the head takes."""
    arrays = {name: tensor.numpy() for name, tensor in net.items()}
    weights = {ours: arrays.pop(f"fc.{theirs}") for ours, theirs in zip(LINEAR, ("weight", "bias"), strict=True)}
    settings = {"sample_rate_hz": config.sample_rate, "pooling": "windows"}
    save_trained(folder / ENCODER_FILE, ENCODER, settings, {PREFIX + name: array for name, array in arrays.items()})
    save_head(folder / HEAD_FILE, Head(weights, labels.classes, labels.multi_label, unit=False))
    return digest(build(ENCODER, settings, arrays))
