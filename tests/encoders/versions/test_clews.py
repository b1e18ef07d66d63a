"""The published network to its names, sizes and golden value; its parts against numpy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from echodex.encoders.versions.clews import Block, ClewsNet, GeM, InstanceBatchNorm
from echodex.encoders.versions.config import PRESETS
from echodex.encoders.versions.network import VersionsNet, state_shapes

Arrays = dict[str, NDArray[Any]]
Shapes = dict[str, tuple[int, ...]]
NORM = ("weight", "bias", "running_mean", "running_var")


@pytest.mark.parametrize(("preset", "count"), [("dvi", 196_793_363), ("shs", 198_890_515)])
def test_numbers_of_parameters(preset: str, count: int) -> None:
    with torch.device("meta"):
        network = ClewsNet(PRESETS[preset])
    parts = {name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()}
    assert sum(parts.values()) == count
    assert parts["frontend"] == 1_184_514
    assert parts["backbone"] == 193_507_600
    assert parts["pool"] == 1
    assert parts["proj"] == {"dvi": 2_101_248, "shs": 4_198_400}[preset]


def norm(name: str, channels: int) -> Shapes:
    return {f"{name}.{part}": (channels,) for part in NORM} | {f"{name}.num_batches_tracked": ()}


def test_the_state_has_the_published_names_and_shapes() -> None:
    expected: Shapes = {"frontend.0.gain": (1,), "frontend.0.bias": (1,), "frontend.1.weight": (128, 1, 12, 3)}
    expected |= norm("frontend.2", 128) | {"frontend.4.weight": (256, 128, 12, 3)}
    widths = [256, *3 * [256], *4 * [512], *6 * [1024], *3 * [2048]]
    for i in range(16):
        inputs, outputs, block = widths[i], widths[i + 1], f"backbone.{i}"
        middle = max(inputs, outputs) // 2
        expected |= {f"{block}.gain": (1,)} | norm(f"{block}.convs.0.bn", inputs // 2)
        expected |= {f"{block}.convs.0.inst.{part}": (inputs // 2,) for part in ("weight", "bias")}
        expected |= {f"{block}.convs.2.conv.weight": (middle, inputs, 3, 3)} | norm(f"{block}.convs.3", middle)
        expected |= {f"{block}.convs.5.conv.weight": (outputs, middle, 3, 3)}
        if i in (3, 7, 13):
            expected |= norm(f"{block}.skip.0", inputs) | {f"{block}.skip.2.conv.weight": (outputs, inputs, 3, 3)}
    expected |= {"pool.p": (1, 1, 1)} | norm("proj.0", 2048) | {"proj.1.weight": (1024, 2048)}
    assert len(expected) == 274
    assert state_shapes(PRESETS["dvi"]) == expected


@pytest.mark.slow
@torch.inference_mode()
def test_golden_value(filled: Callable[[Shapes], Arrays]) -> None:
    shapes = state_shapes(PRESETS["dvi"])
    with torch.device("meta"):
        network = ClewsNet(PRESETS["dvi"])
    power = GeM().p.detach().clone()
    weights = {name: torch.from_numpy(array) for name, array in filled(shapes).items()}
    weights |= {name: torch.full((1,), 0.5) for name in shapes if name.endswith("gain")} | {"pool.p": power}
    network.load_state_dict(weights, assign=True)
    frames = (1 + torch.cos(0.03 * torch.arange(84 * 200, dtype=torch.float64))).float().reshape(1, 84, 200)
    z = network.eval()(frames)[0]
    assert_allclose(z[:3], [11416.294, 6772.625, -4486.530], rtol=2e-5)
    assert_allclose(z.sum(), 14725.67, rtol=1e-3)


def test_pictures_shrink_as_published() -> None:
    with torch.device("meta"):
        network = ClewsNet(PRESETS["dvi"])
        x = network.frontend(torch.empty(2, 84, 200))
        sizes = [tuple(x.shape)]
        for block in network.backbone:
            x = block(x)
            if tuple(x.shape) != sizes[-1]:
                sizes.append(tuple(x.shape))
    assert sizes == [(2, 256, 31, 49), (2, 512, 16, 25), (2, 1024, 8, 13), (2, 2048, 8, 13)]


@torch.inference_mode()
def test_the_generalised_mean_begins_with_a_power_of_3() -> None:
    x = torch.randn(2, 5, 30, generator=torch.Generator().manual_seed(0))
    expected = np.maximum(x.double().numpy(), 1e-6) ** 3
    assert_allclose(GeM()(x), expected.mean(2) ** (1 / 3), rtol=1e-5)


@torch.inference_mode()
def test_half_of_the_channels_are_normed_by_instance() -> None:
    x = torch.randn(2, 6, 5, 7, generator=torch.Generator().manual_seed(0)) * 3 + 1
    found = InstanceBatchNorm(6).eval()(x)
    x64 = x.double().numpy()
    centred = x64 - x64.mean((2, 3), keepdims=True)
    assert_allclose(found[:, :3], x64[:, :3] / np.sqrt(1 + 1e-5), atol=1e-5)
    assert_allclose(found[:, 3:], (centred / np.sqrt(x64.var((2, 3), keepdims=True) + 1e-5))[:, 3:], atol=1e-5)


@torch.inference_mode()
def test_a_fresh_block_is_its_skip() -> None:
    x = torch.randn(2, 6, 5, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(Block(6, 6, 1).eval()(x), x)
    wider = Block(6, 10, 2).eval()
    assert wider(x).shape == (2, 10, 3, 4)
    assert torch.equal(wider(x), wider.skip(x))


@torch.inference_mode()
def test_the_order_of_magnitude_of_a_sound_does_not_matter(tiny_network: Callable[[str], VersionsNet]) -> None:
    frames = torch.rand(2, 84, 20, generator=torch.Generator().manual_seed(1))
    network = tiny_network("clews")
    assert_allclose(network(1000 * frames), network(frames), rtol=1e-3, atol=1e-4)
