"""What a training of versions begins with: a fresh network, the weights of another run, or those of a checkpoint."""

from __future__ import annotations

from ...encoders.base import Weights
from ...encoders.versions.encoder import Versions
from ...encoders.versions.network import state_shapes
from ...store.store import Store
from ..start import read_weights
from .config import FRESH, VersionsTraining


def starting_weights(store: Store, config: VersionsTraining) -> Weights | None:
    """Return the arrays that `config.start` names, None for a fresh network.

    Raises NotFound, and BadInput where they are not of the network that `config` says.
    """
    if config.start == FRESH:
        return None
    return read_weights(store, config.start, Versions.read_weights, state_shapes(config.encoder), config.network)
