"""A trained autoencoder as a checkpoint file of the published layout, for programs that read those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ...errors import UsageError
from ...store.files import write_atomic
from ...store.store import Store
from ..checkpoint import read_checkpoint
from ..trained import trained_path

LAYOUTS = ("bare", "lightning")
PREFIX = "autoencoder."


def export_checkpoint(store: Store, run_name: str, target: str | Path, layout: str = "bare") -> Path:
    """Write what a finished run trained as a torch file and return its path; a file that is there is replaced.

    layout: "lightning", as the published program writes it (`state_dict` with `autoencoder.encoder.encoder.*` and
    `autoencoder.decoder.decoder.*`), or "bare", that dictionary alone. The published program reads the published form;
    the corrected one has `autoencoder.encoder.mean` and `scale` beside its arrays. Raises NotFound, UsageError where
    the run is not finished or trained no encoder.
    """
    if layout not in LAYOUTS:
        raise UsageError(f"checkpoints cannot be exported as {layout!r} (known: {', '.join(LAYOUTS)})")
    arrays, _ = read_checkpoint(trained_path(store, run_name))
    state: dict[str, Any] = {PREFIX + name: torch.from_numpy(arrays[name]) for name in sorted(arrays)}
    content = _as_lightning(state) if layout == "lightning" else state
    path = Path(target).absolute()
    write_atomic(path, lambda temporary: torch.save(content, temporary))
    return path


def _as_lightning(state: dict[str, Any]) -> dict[str, Any]:
    from lightning import __version__

    return {"pytorch-lightning_version": __version__, "state_dict": state}
