"""The weights that a training of an encoder begins with, where it does not begin with fresh ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..encoders.base import Weights
from ..encoders.checkpoint import check_shapes
from ..schemas.run import TRAINED
from ..store.store import Store
from .trained import find_encoder


def read_weights(
    store: Store,
    start: str,
    read: Callable[[Path], Weights],
    shapes: Mapping[str, tuple[int, ...]],
    network: str,
) -> Weights:
    """Return the arrays of a finished run ("run:NAME"), or of the checkpoint `start` as `read` reads it.

    Raises NotFound, and BadInput where they are not of `shapes`, those of the `network` that is trained.
    """
    is_run = start.startswith(TRAINED)
    weights = find_encoder(store, start, {}).weights() if is_run else read(Path(start).expanduser())
    check_shapes({name: array.shape for name, array in weights.items()}, shapes, f"{start}, for the network {network},")
    return weights
