"""A network of each kind that is small enough for tests, and arrays that tell sounds apart."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from numpy.typing import NDArray

from echodex.encoders.versions.config import VersionsConfig
from echodex.encoders.versions.network import VersionsNet, build_network

Arrays = dict[str, NDArray[Any]]

TINY = {
    "folded": VersionsConfig(segment_s=2.0, hop_s=0.5, stem=8, widths="8,16", blocks="1,2", dim=6),
    "clews": VersionsConfig(
        segment_s=2.0, hop_s=0.5, network="clews", stem=4, widths="4,6,8,8", blocks="1,2,1,1", dim=6
    ),
}


@cache
def _trained(kind: str) -> VersionsNet:
    """A fresh network whose norms know what random frames look like and whose gains are not 0."""
    network, generator = build_network(TINY[kind]), torch.Generator().manual_seed(0)
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            part.momentum = 1.0
    for name, tensor in network.named_parameters():
        if name.endswith("gain"):
            tensor.data.fill_(0.5)
    with torch.no_grad():
        network(torch.rand(32, 84, 20, generator=generator).pow(4))
    return network.eval().requires_grad_(False)


@pytest.fixture(params=list(TINY))
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of network."""
    return str(request.param)


@pytest.fixture(scope="session")
def tiny_network() -> Callable[[str], VersionsNet]:
    """The kind of a network to one of that kind, in eval mode."""
    return _trained


@pytest.fixture(scope="session")
def tiny_config() -> Callable[[str], VersionsConfig]:
    """The kind of a network to the configuration of that of `tiny_network`."""
    return TINY.__getitem__


@pytest.fixture(scope="session")
def tiny_weights() -> Callable[[str], Arrays]:
    """The kind of a network to the arrays of that of `tiny_network`, a copy."""
    return lambda kind: {name: tensor.numpy().copy() for name, tensor in _trained(kind).state_dict().items()}
