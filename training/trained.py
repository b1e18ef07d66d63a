"""Encoders that runs trained: kept in the run's folder, and used like any other (`embed run:NAME`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..encoders.base import Encoder
from ..encoders.registry import build
from ..encoders.resolve import resolve
from ..errors import BadInput, Damaged, UsageError
from ..progress import Progress, silent
from ..schemas.run import TRAINED
from ..store.store import Store
from .checkpoint import Arrays, is_checkpoint, read_checkpoint, write_checkpoint
from .layout import ENCODER_FILE
from .run import load_run, run_folder

PREFIX = "encoder."
"""What precedes the encoder's names in the file, as in published checkpoints; the others are what trained it."""


def save_trained(path: Path, encoder: str, settings: Mapping[str, Any], state: Arrays) -> None:
    """Write what makes a trained encoder again, atomically.

    encoder: its registered name; settings: of its configuration; state: its arrays, called "encoder.*", and others that
    only training needs. Raises StorageError.
    """
    write_checkpoint(path, state, {"encoder": encoder, "settings": dict(settings)})


def read_encoder(path: Path, settings: Mapping[str, Any] | None = None) -> Encoder:
    """Return the encoder that `save_trained` wrote, with other `settings` than its own where they are given.

    Raises NotFound, Damaged, and BadInput for settings that the encoder does not have.
    """
    arrays, document = read_checkpoint(path)
    if not {"encoder", "settings"} <= document.keys():
        raise Damaged(f"checkpoint {path} does not hold an encoder; it is of something else, or damaged")
    weights = {name.removeprefix(PREFIX): array for name, array in arrays.items() if name.startswith(PREFIX)}
    return build(document["encoder"], {**document["settings"], **(settings or {})}, weights)


def trained_path(store: Store, run_name: str) -> Path:
    """Return the file of the encoder that a finished run trained.

    Raises NotFound, UsageError where the run is not finished or trained no encoder.
    """
    run = load_run(store, run_name)
    if not run.metrics:
        raise UsageError(f"run {run_name!r} is not finished; give the same `echodex train` command again to go on")
    path = run_folder(store, run_name) / ENCODER_FILE
    if not path.is_file():
        raise UsageError(f"run {run_name!r} (of {run.objective!r}) trained no encoder; `echodex train clmr` does")
    return path


def load_trained(store: Store, run_name: str, settings: Mapping[str, Any] | None = None) -> Encoder:
    """Return the encoder that run `run_name` trained; raises as `trained_path` and `read_encoder` do."""
    return read_encoder(trained_path(store, run_name), settings)


def find_encoder(
    store: Store | None,
    spec: str,
    settings: Mapping[str, Any],
    checkpoint: str | None = None,
    *,
    progress: Progress = silent,
) -> Encoder:
    """Return the encoder that a finished run of `store` trained ("run:NAME"), that of a run's own file, which says
    what it is of, or what else `spec` says (encoders.resolve).
    """
    path = Path(spec).expanduser()
    if store is not None and spec.startswith(TRAINED):
        path = trained_path(store, spec.removeprefix(TRAINED))
    elif not is_checkpoint(path):
        return resolve(spec, settings, checkpoint, progress=progress)
    if checkpoint:
        raise BadInput(f"{spec} has weights of its own; leave out the checkpoint {checkpoint}")
    return read_encoder(path, settings)
