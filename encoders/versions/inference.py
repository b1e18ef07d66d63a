"""Front end and network together, over stretches of a clip or over frames made before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..making import made_of
from .config import VersionsConfig
from .cqt import ConstantQ
from .network import VersionsNet, make_network

AT_ONCE = 8
"""Segments that go through the network together."""


class Embedding(nn.Module):
    """Cuts stretches of clips into segments and gives each its vector; for use alone."""

    def __init__(self, config: VersionsConfig, network: VersionsNet) -> None:
        super().__init__()
        self.config = config
        self.front = ConstantQ(config)
        self.network = network

    def forward(self, stretches: Tensor) -> Tensor:
        """Return float32[b * k, dim] of `stretches` float32[b, 1, n] with k whole segments each, in order."""
        segments = stretches[:, 0].unfold(1, self.config.segment_samples, self.config.segment_hop).flatten(0, 1)
        return torch.cat([self.network(self.front(part)) for part in torch.split(segments, AT_ONCE)])


class FrameEmbedding(nn.Module):
    """Cuts frames that were made before into segments and gives each its vector; for use alone."""

    def __init__(self, config: VersionsConfig, network: VersionsNet) -> None:
        super().__init__()
        self.config = config
        self.network = network

    def forward(self, stretches: Tensor) -> Tensor:
        """Return float32[b * k, dim] of `stretches` float32[b, 1, t, bins] with k whole segments each, in order."""
        segments = stretches[:, 0].unfold(1, self.config.frames, self.config.frame_hop).flatten(0, 1)
        return torch.cat([self.network(part) for part in torch.split(segments, AT_ONCE)])


def load_network(config: VersionsConfig, weights: Mapping[str, NDArray[Any]], device: str | None) -> VersionsNet:
    """Return the network with `weights`, which must fit and are not copied where `device` is the CPU.

    device: None for the GPU where there is one.
    """
    network = made_of(lambda: make_network(config), weights)
    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    return network.requires_grad_(False).to(place).eval()
