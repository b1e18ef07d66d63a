"""Finding an encoder by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..registry import Registry
from .base import Encoder, Weights

ENCODERS: Registry[Encoder] = Registry(
    "encoder", __package__, ("autoencoder", "chroma", "clmr", "dummy", "fingerprint", "timbre", "versions")
)

register, names, encoder_class = ENCODERS.register, ENCODERS.names, ENCODERS.find


def build(name: str, config: Mapping[str, Any] | None = None, weights: Weights | None = None) -> Encoder:
    """Return the encoder `name` with this configuration and these weights (None: what the encoder ships with)."""
    return encoder_class(name).build(config or {}, weights)
