"""What a training begins with: a fresh network, the weights that ship, those of another run, or of a checkpoint."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ...encoders.base import Weights
from ...encoders.fingerprint.encoder import Fingerprint
from ...encoders.fingerprint.network import state_shapes
from ...store.store import Store
from ..start import read_weights
from ..trained import find_encoder
from .config import FRESH, SHIPPED, FingerprintTraining


def starting_weights(store: Store, config: FingerprintTraining) -> Weights | None:
    """Return the arrays that `config.start` names, None for a fresh network.

    Raises NotFound, and BadInput where they are not of the network that `config` says.
    """
    if config.start == FRESH:
        return None
    read = partial(_shipped, store) if config.start == SHIPPED else Fingerprint.read_weights
    return read_weights(store, config.start, read, state_shapes(config.encoder), config.network)


def _shipped(store: Store, _: Path) -> Weights:
    """Return the weights that ship."""
    return find_encoder(store, "fingerprint", {}).weights()
