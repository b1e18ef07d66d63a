"""The published networks to their names, sizes and golden values; their blocks against TensorFlow's arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from echodex.encoders.fingerprint.config import PRESETS, FingerprintConfig
from echodex.encoders.fingerprint.network import (
    FingerprintNet,
    build_network,
    for_inference,
    same_padding,
    state_shapes,
)

Arrays = dict[str, NDArray[Any]]
Fill = Callable[[Any], Arrays]
NAFP, PFANN, SMALL = PRESETS["nafp"], PRESETS["pfann"], PRESETS["small"]


def parameters(config: FingerprintConfig) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in FingerprintNet(config).parameters())


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (NAFP, 16_939_008),
        (replace(NAFP, segment_s=2.0), 19_224_576),
        (PFANN, 16_914_432),
        (replace(PFANN, depthwise=True), 8_570_112),
        (replace(PFANN, time_strides=NAFP.time_strides), 16_939_008),
        (SMALL, 699_040),
    ],
)
def test_numbers_of_parameters(config: FingerprintConfig, count: int) -> None:
    assert parameters(config) == count


def test_the_state_has_pfanns_names_and_shapes() -> None:
    expected: dict[str, tuple[int, ...]] = {}
    widths, bands, frames = (1, *NAFP.widths), 256, [32, 16, 8, 4, 2, 2, 1, 1, 1]
    for i in range(8):
        inputs, outputs, half = widths[i], widths[i + 1], bands // 2
        expected |= {f"f.convs.{i}.conv1.weight": (outputs, inputs, 1, 3), f"f.convs.{i}.conv1.bias": (outputs,)}
        expected |= {f"f.convs.{i}.ln1.{part}": (outputs, bands, frames[i + 1]) for part in ("weight", "bias")}
        expected |= {f"f.convs.{i}.conv2.weight": (outputs, outputs, 3, 1), f"f.convs.{i}.conv2.bias": (outputs,)}
        expected |= {f"f.convs.{i}.ln2.{part}": (outputs, half, frames[i + 1]) for part in ("weight", "bias")}
        bands = half
    expected |= {"g.linear1.weight": (4096, 8, 1), "g.linear1.bias": (4096,)}
    expected |= {"g.linear2.weight": (128, 32, 1), "g.linear2.bias": (128,)}
    assert state_shapes(NAFP) == expected


def network(config: FingerprintConfig, filled: Fill) -> FingerprintNet:
    net = FingerprintNet(config).eval()
    net.load_state_dict({name: torch.from_numpy(array) for name, array in filled(state_shapes(config)).items()})
    return net


@pytest.mark.parametrize(
    ("config", "golden", "total"),
    [
        # the golden value of NAFP was made in PyTorch, with its epsilon; Keras's is our preset
        (
            replace(NAFP, norm_eps=1e-5),
            [0.0854490, 0.1311444, -0.0065944, -0.0941670, -0.0687780, 0.0403089],
            0.0229566,
        ),
        (PFANN, [0.0250427, 0.1436407, -0.0991130, -0.0789790, -0.0530487, 0.0002036], None),
    ],
)
@torch.inference_mode()
def test_golden_values(
    config: FingerprintConfig, golden: list[float], total: float | None, fingerprint_filled: Fill
) -> None:
    mels = torch.cos(0.03 * torch.arange(256 * 32, dtype=torch.float64)).float().reshape(1, 256, 32)
    z = network(config, fingerprint_filled)(mels)[0]
    assert_allclose(z[:6], golden, atol=2e-6)
    assert_allclose(torch.linalg.vector_norm(z), 1, atol=1e-6)
    if total is not None:
        assert_allclose(z.sum(), total, atol=5e-6)


@given(size=st.integers(1, 300), stride=st.integers(1, 4))
def test_same_padding_is_tensorflows(size: int, stride: int) -> None:
    before, after = same_padding(size, stride)
    outputs = -(-size // stride)
    assert 0 <= before <= after <= before + 1
    assert (size + before + after - 3) // stride + 1 == outputs
    if stride <= 3 and size > 1:  # no zero is added that no output looks at
        assert (outputs - 1) * stride + 3 == size + before + after


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(256, 2, (0, 1)), (32, 1, (1, 1)), (1, 2, (1, 1)), (63, 2, (1, 1))]
)
def test_same_padding_at_the_places_that_matter(size: int, stride: int, padding: tuple[int, int]) -> None:
    assert same_padding(size, stride) == padding


def convolve_nhwc(x: NDArray[np.float64], kernel: NDArray[np.float64], strides: tuple[int, int]) -> NDArray[np.float64]:
    """Return the "SAME" convolution of x [b, f, t, inputs] with kernel [height, width, inputs, outputs], sum by sum."""
    batch, bands, frames, _ = x.shape
    height, width, _, outputs = kernel.shape
    out = np.zeros((batch, -(-bands // strides[0]), -(-frames // strides[1]), outputs))
    tops = max((out.shape[1] - 1) * strides[0] + height - bands, 0) // 2
    lefts = max((out.shape[2] - 1) * strides[1] + width - frames, 0) // 2
    for f in range(out.shape[1]):
        for t in range(out.shape[2]):
            for i in range(height):
                for j in range(width):
                    row, column = f * strides[0] + i - tops, t * strides[1] + j - lefts
                    if 0 <= row < bands and 0 <= column < frames:
                        out[:, f, t] += x[:, row, column] @ kernel[i, j]
    return out


def elu(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def normed(x: NDArray[np.float64], norm: str, gain: Any, shift: Any, eps: float) -> NDArray[np.float64]:
    """Return the layer norm of x [b, f, t, c], its gain and shift in the published layouts."""
    axes = (1, 2, 3) if norm == "layer2d" else (3,)
    centred = x - x.mean(axes, keepdims=True)
    y: NDArray[np.float64] = centred / np.sqrt(centred.var(axes, keepdims=True) + eps) * gain + shift
    return y


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("norm", ["layer2d", "layer1d"])
@torch.inference_mode()
def test_a_block_equals_tensorflows_arithmetic(norm: str, stride: int) -> None:
    config = replace(
        NAFP, norm=norm, n_mels=16, channels="8,12,16,16", time_strides=f"2,{stride},4,{8 // stride}", dim=4
    )
    block = FingerprintNet(config).f.convs[1].eval()
    random = np.random.default_rng(0)
    state = {name: random.standard_normal(tuple(tensor.shape)) for name, tensor in block.state_dict().items()}
    block.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    x = random.standard_normal((2, 8, 16, 8))
    y = x
    for part, strides in (("1", (1, stride)), ("2", (2, 1))):
        y = convolve_nhwc(y, state[f"conv{part}.weight"].transpose(2, 3, 1, 0), strides) + state[f"conv{part}.bias"]
        gain, shift = (state[f"ln{part}.{of}"] for of in ("weight", "bias"))
        if norm == "layer2d":
            gain, shift = gain.transpose(1, 2, 0), shift.transpose(1, 2, 0)
        y = normed(elu(y), norm, gain, shift, 1e-3)
    found = block(torch.from_numpy(x.transpose(0, 3, 1, 2)).float())
    assert_allclose(found, y.transpose(0, 3, 1, 2), atol=1e-4)


@torch.inference_mode()
def test_divide_and_encode_gives_each_slice_layers_of_its_own() -> None:
    net = build_network(SMALL)
    h = torch.randn(5, 256, generator=torch.Generator().manual_seed(0))
    state = {name: tensor.double().numpy() for name, tensor in net.g.state_dict().items()}
    expected = []
    for q in range(64):
        piece = h.double().numpy()[:, 4 * q : 4 * q + 4]
        hidden = elu(
            piece @ state["linear1.weight"][32 * q : 32 * q + 32, :, 0].T + state["linear1.bias"][32 * q :][:32]
        )
        expected.append(hidden @ state["linear2.weight"][q, :, 0] + state["linear2.bias"][q])
    assert_allclose(net.g(h), np.stack(expected, 1), atol=1e-5)
    grouped = net.g.linear2(torch.nn.functional.elu(net.g.linear1(h[:, :, None])))[:, :, 0]
    assert_allclose(net.g(h), grouped, atol=1e-6)


def moved(config: FingerprintConfig) -> FingerprintNet:
    """A network whose norms are not as they begin."""
    net, generator = build_network(config, 3), torch.Generator().manual_seed(0)
    for name, tensor in net.state_dict().items():
        if ".ln" in name and tensor.is_floating_point():
            tensor.uniform_(0.5, 2, generator=generator)
    return net


@pytest.mark.parametrize(
    "config",
    [SMALL, replace(SMALL, activation_last=False), replace(SMALL, norm="layer1d"), replace(SMALL, depthwise=True)],
)
@torch.inference_mode()
def test_for_inference_it_says_the_same_and_the_original_stays(config: FingerprintConfig) -> None:
    net = moved(config)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    faster = for_inference(net)
    assert net.training
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    mels = torch.randn(3, 64, 32, generator=torch.Generator().manual_seed(1))
    assert_allclose(faster(mels), net.eval()(mels), atol=2e-6)


def test_batch_norms_are_gone_where_they_can_be() -> None:
    def norms(config: FingerprintConfig) -> int:
        return sum(isinstance(part, torch.nn.BatchNorm2d) for part in for_inference(build_network(config)).modules())

    assert norms(SMALL) == 0
    assert norms(replace(SMALL, activation_last=False)) == 12


def test_a_seed_makes_a_network_and_leaves_other_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    first, again, other = (build_network(SMALL, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["f.convs.0.conv1.weight"], other["f.convs.0.conv1.weight"])


def test_it_learns_in_half_precision() -> None:
    net, mels = build_network(SMALL), torch.randn(8, 64, 32, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        z = net(mels)
    assert z.dtype == torch.float32
    assert_allclose(torch.linalg.vector_norm(z.detach(), dim=1), 1, atol=1e-5)
    (z[::2] * z[1::2]).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in net.parameters())


def test_what_is_represented_is_what_is_encoded() -> None:
    net, mels = build_network(SMALL).eval(), torch.randn(2, 64, 32, generator=torch.Generator().manual_seed(0))
    h = net.represent(mels)
    assert h.shape == (2, 256)
    assert torch.equal(torch.nn.functional.normalize(net.g(h)), net(mels))
    assert prod(net(mels).shape) == 2 * 64
