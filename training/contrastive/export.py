"""A trained network as a checkpoint file of the published layout, for programs that read those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ...errors import UsageError
from ...store.files import write_atomic
from ...store.store import Store
from ..checkpoint import read_checkpoint
from ..trained import PREFIX, trained_path

LAYOUTS = ("bare", "lightning")


def export_checkpoint(store: Store, run_name: str, target: str | Path, layout: str = "bare") -> Path:
    """Write what a finished run trained as a torch file and return its path; a file that is there is replaced.

    layout: "bare", the state dict alone, as the authors released theirs (`encoder.*`, `projector.*`), or "lightning",
    as their program wrote them (`state_dict` with each array of the encoder twice, `encoder.*` and `model.encoder.*`,
    and `model.projector.*`). Raises NotFound, UsageError where the run is not finished or trained no encoder.
    """
    if layout not in LAYOUTS:
        raise UsageError(f"checkpoints cannot be exported as {layout!r} (known: {', '.join(LAYOUTS)})")
    arrays, _ = read_checkpoint(trained_path(store, run_name))
    state = {name: torch.from_numpy(arrays[name]) for name in sorted(arrays)}
    content = _as_lightning(state) if layout == "lightning" else state
    path = Path(target).absolute()
    write_atomic(path, lambda temporary: torch.save(content, temporary))
    return path


def _as_lightning(state: dict[str, torch.Tensor]) -> dict[str, Any]:
    from lightning import __version__

    encoder = {name: tensor for name, tensor in state.items() if name.startswith(PREFIX)}
    model = {f"model.{name}": tensor for name, tensor in state.items()}
    return {"pytorch-lightning_version": __version__, "state_dict": {**encoder, **model}}
