"""`train autoencoder`: rows of features to short vectors, with its run folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import torch

from ...encoders.base import digest
from ...errors import BadInput
from ...progress import Progress, say, silent
from ...schemas.run import Run
from ...schemas.view import ALL
from ...store.files import remove
from ...store.store import Store
from ..begun import kept_splits, opening
from ..fit import one_thread
from ..interrupt import interrupt_flag
from ..keeper import Keeper, StopCondition
from ..layout import AUTOENCODER, ENCODER_FILE, STATE_FILE
from ..machine import check_alone
from ..run import finish_run, pinned, run_folder, working_run
from ..splits import TEST, TRAIN, VALID
from ..state import load_state
from ..trained import read_encoder, save_trained
from ..trainer import run_trainer
from .config import AutoencoderTraining
from .module import AutoencoderModule
from .rows import autoencoder_splits, read_rows

FEATURES = "datacos"
"""The space that is read unless another is named: `add --features datacos` makes it."""


def train_autoencoder(
    store: Store,
    *,
    view: str = ALL,
    space: str | None = None,
    config: AutoencoderTraining | None = None,
    name: str | None = None,
    progress: Progress = silent,
) -> Run:
    """Train a fresh autoencoder on the vectors of the train clips that `view` keeps and return its run.

    space: whose vectors, as they are stored; None for FEATURES. The run folder holds the settings, the splits, the
    figures of every epoch and the network of the best one, encoder and decoder; `store.embed("run:NAME")` makes the
    space of its embeddings. Runs on one thread of the CPU. Ctrl-C raises KeyboardInterrupt after saving; the same call
    again goes on from there, to the same loss curve. Raises UsageError where there is nothing to train or validate on
    or the sizes do not fit, BadInput where no epoch had a finite loss.
    """
    check_alone(AUTOENCODER)
    config = config or AutoencoderTraining()
    view, features = pinned(store, view), store.space(space or FEATURES)
    config.check_dim(features.dim)
    splits = autoencoder_splits(store, features, config.seed)
    read_rows(store, view, features.name, splits.ids(TRAIN), f"train clips in {view!r}")  # before there is a folder
    described = {**asdict(config), "source": features.name, "drawn_splits": list(splits.drawn)}
    draft = Run(name or "", AUTOENCODER, view, "", "", described, (), {}, "")
    with interrupt_flag() as interrupt, working_run(store, draft) as run:
        folder = run_folder(store, run.name)
        splits = kept_splits(folder, splits, config)
        train = read_rows(store, view, features.name, splits.ids(TRAIN), f"train clips in {view!r}")
        valid = read_rows(store, ALL, features.name, splits.ids(VALID), "valid clips")
        path = folder / STATE_FILE
        state = load_state(path) if path.is_file() else None
        module = AutoencoderModule(train, valid, config, state)
        keeper = Keeper(
            module, StopCondition(config.stop_patience, config.stop_delta, interrupt), path, state, progress
        )
        say(progress, opening(folder, config.max_epochs, teach=len(train), valid=len(valid), splits=splits))
        with one_thread():
            run_trainer(module, keeper, accelerator="cpu", devices=1)
        if keeper.best is None:
            raise BadInput("the loss was not finite in any epoch; lower learning_rate, or check the features")
        run = replace(run, encoder_digest=_save(folder, keeper.best.net, features.name))
        figures = {"valid_loss": keeper.best.loss, "epochs": module.place.epoch, "steps": module.place.step}
        sizes = {"train_clips": len(train), "valid_clips": len(valid), "test_clips": len(splits.ids(TEST))}
        run = finish_run(store, run, {**figures, **sizes})
        remove(path)
    return run


def _save(folder: Path, net: Mapping[str, torch.Tensor], source: str) -> str:
    """Write the network, of which `encoder.*` is the encoder, as published; return the encoder's digest."""
    path = folder / ENCODER_FILE
    save_trained(path, AUTOENCODER, {"source": source}, {name: tensor.numpy() for name, tensor in net.items()})
    return digest(read_encoder(path))
