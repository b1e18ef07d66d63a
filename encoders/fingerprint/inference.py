"""Front end and network together, over stretches of a clip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..making import made_of
from .config import FingerprintConfig
from .frontend import LogMel
from .network import FingerprintNet, for_inference

_AT_ONCE = {"cpu": 32}
"""Segments that go through the network together; on a CPU more would leave its cache."""

_AT_ONCE_ELSEWHERE = 512


class Embedding(nn.Module):
    """Cuts stretches of clips into segments and gives each its vector; for use alone."""

    def __init__(self, config: FingerprintConfig, weights: Mapping[str, NDArray[Any]]) -> None:
        super().__init__()
        self.config = config
        self.front = LogMel(config)
        self.network = for_inference(made_of(lambda: FingerprintNet(config), weights))

    def forward(self, stretches: Tensor) -> Tensor:
        """Return float32[b * k, dim] of `stretches` float32[b, 1, n] with k whole segments each, in order.

        Where the maximum is that of the batch, the batch is a stretch.
        """
        segments = stretches[:, 0].unfold(1, self.config.segment_samples, self.config.segment_hop)
        if self.config.normalisation == "batch":
            return torch.cat([self._embed(stretch) for stretch in segments])
        return self._embed(segments.flatten(0, 1))

    def _embed(self, segments: Tensor) -> Tensor:
        """Return float32[k, dim] of `segments` float32[k, segment_samples]."""
        size = _AT_ONCE.get(segments.device.type, _AT_ONCE_ELSEWHERE)
        spectra = torch.cat([self.front.spectra(part) for part in torch.split(segments, size)])
        return torch.cat([self.network(part) for part in torch.split(self.front.normalise(spectra), size)])


def load(config: FingerprintConfig, weights: Mapping[str, NDArray[Any]], device: str | None) -> Embedding:
    """Return the module on `device` (None: the GPU where there is one); the weights must fit the configuration."""
    return Embedding(config, weights).to(device or ("cuda" if torch.cuda.is_available() else "cpu")).eval()
