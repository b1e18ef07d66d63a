from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch

from echodex.encoders.versions.config import PRESETS, VersionsConfig
from echodex.encoders.versions.network import VersionsNet, build_network, make_network, state_shapes


def test_a_seed_makes_a_network_and_leaves_other_random_numbers_alone(
    tiny_config: Callable[[str], VersionsConfig], kind: str
) -> None:
    config, before = tiny_config(kind), torch.get_rng_state()
    first, again, other = (build_network(config, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    assert {name: tuple(tensor.shape) for name, tensor in first.items()} == state_shapes(config)


@torch.inference_mode()
def test_it_takes_frames_of_any_length(tiny_network: Callable[[str], VersionsNet], kind: str) -> None:
    frames = torch.rand(2, 84, 37, generator=torch.Generator().manual_seed(0))
    z = tiny_network(kind)(frames)
    assert z.shape == (2, 6)
    assert not torch.allclose(z[0], z[1])


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_see_200_frames_of_a_tenth_of_a_second(preset: str) -> None:
    config = PRESETS[preset]
    assert (config.frames, config.bins, config.frame_s, config.frame_hop) == (200, 84, 0.1, 50)
    with torch.device("meta"):
        last = make_network(config).proj[1]
    assert last.out_features == config.dim


def test_all_of_it_learns(tiny_network: Callable[[str], VersionsNet], kind: str) -> None:
    network = copy.deepcopy(tiny_network(kind)).train().requires_grad_(True)
    z = network(torch.rand(4, 84, 20, generator=torch.Generator().manual_seed(1)))
    assert z.shape == (4, 6)
    (z * torch.arange(24).reshape(4, 6).sin()).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        if name != "frontend.0.bias":  # the norm behind the first convolution, which has no padding, takes it out
            assert parameter.grad.abs().sum() > 0, name
