"""The network of a configuration: from constant-Q frames to vectors, apart from the front end that makes the frames."""

from __future__ import annotations

from ..making import Shapes, made_by_seed, shapes_of
from .clews import ClewsNet
from .config import VersionsConfig
from .folded import FoldedNet

VersionsNet = ClewsNet | FoldedNet
"""Takes magnitudes float32[b, bins, t], a frame each `frame_s`; gives float32[b, dim]."""


def make_network(config: VersionsConfig) -> VersionsNet:
    """Return the network of `config`, initialised by torch's global generator."""
    return ClewsNet(config) if config.network == "clews" else FoldedNet(config)


def build_network(config: VersionsConfig, seed: int = 0) -> VersionsNet:
    """Return the network of `config`, initialised by `seed` alone as PyTorch initialises its layers.

    Its global generator is left as it was.
    """
    return made_by_seed(lambda: make_network(config), seed)


def state_shapes(config: VersionsConfig) -> Shapes:
    """Return name -> shape of everything in the state of the network of `config`."""
    return shapes_of(lambda: make_network(config))
