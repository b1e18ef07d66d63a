"""What a training begins with: a fresh network, the weights that ship, those of another run, or of a checkpoint."""

from __future__ import annotations

from pathlib import Path

from ...encoders.base import Weights
from ...encoders.checkpoint import check_shapes
from ...encoders.fingerprint.encoder import Fingerprint
from ...encoders.fingerprint.network import state_shapes
from ...schemas.run import TRAINED
from ...store.store import Store
from ..trained import find_encoder
from .config import FRESH, SHIPPED, FingerprintTraining


def starting_weights(store: Store, config: FingerprintTraining) -> Weights | None:
    """Return the arrays that `config.start` names, None for a fresh network.

    Raises NotFound, and BadInput where they are not of the network that `config` says.
    """
    if config.start == FRESH:
        return None
    if config.start == SHIPPED or config.start.startswith(TRAINED):
        spec = "fingerprint" if config.start == SHIPPED else config.start
        weights = find_encoder(store, spec, {}).weights()
    else:
        weights = Fingerprint.read_weights(Path(config.start).expanduser())
    shapes = {name: array.shape for name, array in weights.items()}
    check_shapes(shapes, state_shapes(config.encoder), f"{config.start}, for the network {config.network},")
    return weights
