"""The published network, to its names and golden values, and its faster twin for inference."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from torch.nn import functional

from echodex.encoders.samplecnn import WINDOW, FoldedSampleCNN, SampleCNN, channels, state_shapes, width_of
from echodex.errors import BadInput

KERNELS = (
    [(128, 1, 3), (128, 128, 3), (128, 128, 3), (256, 128, 3)] + 5 * [(256, 256, 3)] + [(512, 256, 3), (512, 512, 3)]
)


@pytest.fixture(scope="module")
def network(filled: Callable[..., dict[str, NDArray[np.float32]]]) -> SampleCNN:
    """With a head of 50 classes and the weights of the golden values."""
    network = SampleCNN(50).eval()
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    network.load_state_dict({name: torch.from_numpy(array) for name, array in filled(shapes).items()})
    return network


@pytest.fixture(scope="module")
def sine() -> torch.Tensor:
    return (0.5 * torch.sin(0.05 * torch.arange(WINDOW, dtype=torch.float64))).float()[None, None]


def count(network: SampleCNN) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_it_has_the_published_number_of_parameters() -> None:
    assert (count(SampleCNN(50)), count(SampleCNN())) == (2_394_162, 2_368_512)


def test_its_state_has_the_published_names_and_shapes() -> None:
    expected: dict[str, tuple[int, ...]] = {}
    for block, kernel in enumerate(KERNELS):
        expected[f"sequential.{block}.0.weight"] = kernel
        expected[f"sequential.{block}.0.bias"] = (kernel[0],)
        for part in ("weight", "bias", "running_mean", "running_var"):
            expected[f"sequential.{block}.1.{part}"] = (kernel[0],)
        expected[f"sequential.{block}.1.num_batches_tracked"] = ()
    assert state_shapes() == expected
    head = {name: tuple(tensor.shape) for name, tensor in SampleCNN(50).state_dict().items()}
    assert head == expected | {"fc.weight": (50, 512), "fc.bias": (50,)}


@torch.inference_mode()
def test_golden_values(network: SampleCNN, sine: torch.Tensor) -> None:
    h = network.represent(sine)[0]
    assert_allclose(h[:6], [0, 0.175543, 0.186443, 0.035754, 0, 0], atol=1e-6)
    assert_allclose(h.sum(), 32.77913, atol=1e-4)
    assert_allclose(network(sine)[0, :3], [0.0236247, 0.1054943, 0.1085815], atol=1e-6)


@torch.inference_mode()
def test_the_folded_network_keeps_the_golden_values(network: SampleCNN, sine: torch.Tensor) -> None:
    h = FoldedSampleCNN(network)(sine)[0]
    assert_allclose(h[:6], [0, 0.175543, 0.186443, 0.035754, 0, 0], atol=1e-6)
    assert_allclose(h.sum(), 32.77913, atol=1e-4)


@torch.inference_mode()
def test_the_folded_network_agrees_where_the_norms_have_moved_and_clips_are_long() -> None:
    torch.manual_seed(0)
    network = SampleCNN().eval()
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.2, 3)
        elif name.endswith("running_mean") or (".1." in name and tensor.is_floating_point()):
            tensor.uniform_(-1, 1)
    waveforms = torch.randn(2, 1, 2 * WINDOW + 1234)
    assert_allclose(FoldedSampleCNN(network)(waveforms), network.represent(waveforms), atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_longer_clips_have_a_frame_per_window(network: SampleCNN) -> None:
    assert network.represent(torch.zeros(1, 1, 3 * WINDOW - 1)).shape == (1, 1024)


def test_folding_leaves_a_network_in_training_as_it_is() -> None:
    network = SampleCNN()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    FoldedSampleCNN(network)
    assert network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("supervised", "training", "dropped"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_only_the_supervised_network_drops_and_only_in_training(
    supervised: bool, training: bool, dropped: bool
) -> None:
    network = SampleCNN(3, supervised=supervised)
    h = torch.ones(1, 512)
    assert bool((network.dropout.train(training)(h) == 0).any()) is dropped


@pytest.mark.parametrize(("width", "dim"), [(0.25, 128), (1 / 128, 4), (2.0, 1024)])
def test_other_widths(width: float, dim: int) -> None:
    network = SampleCNN(7, width=width)
    assert (network.dim, network.state_dict()["fc.weight"].shape) == (dim, (7, dim))
    assert channels(width) == tuple(int(width * kernel[0]) for kernel in KERNELS[:10])
    inputs_outputs = pairwise((1 / width, *(kernel[0] for kernel in KERNELS)))
    weights = (3 * width * width * inputs * outputs + 3 * width * outputs for inputs, outputs in inputs_outputs)
    assert count(SampleCNN(width=width)) == sum(weights)  # kernels; biases and what batch norms learn
    shapes = state_shapes(width)
    assert shapes.keys() == state_shapes().keys()
    assert width_of(shapes) == width_of({f"model.encoder.{name}": shape for name, shape in shapes.items()}) == width


@pytest.mark.parametrize("width", [0.25, 1 / 128])
@torch.inference_mode()
def test_another_width_folds_alike(width: float) -> None:
    network = SampleCNN(width=width).eval()
    waveforms = torch.randn(2, 1, WINDOW, generator=torch.Generator().manual_seed(0))
    assert_allclose(FoldedSampleCNN(network)(waveforms), network.represent(waveforms), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("width", [0.0, -1.0, 0.3, 9.0, float("nan"), float("inf")])
def test_widths_that_are_none(width: float) -> None:
    with pytest.raises(BadInput, match="k/128"):
        SampleCNN(width=width)


@pytest.mark.parametrize("shape", [(), (128,), (0, 1, 3), (10**12, 1, 3), (128, 1)])
def test_a_first_layer_that_is_none_says_no_width(shape: tuple[int, ...]) -> None:
    assert width_of({"encoder.sequential.0.0.weight": shape}) == 1.0


def numpy_block(x: NDArray[np.float64], arrays: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Convolution, batch normalisation, ReLU and pooling of x float64[channels, n], from their definitions."""
    padded = np.pad(x, ((0, 0), (1, 1)))
    taps = np.stack([padded[:, k : k + x.shape[1]] for k in range(3)], axis=-1)
    y = np.einsum("ock,cnk->on", arrays["0.weight"], taps) + arrays["0.bias"][:, None]
    centred = (y - arrays["1.running_mean"][:, None]) / np.sqrt(arrays["1.running_var"][:, None] + 1e-5)
    y = np.maximum(arrays["1.weight"][:, None] * centred + arrays["1.bias"][:, None], 0)
    whole = y[:, : y.shape[1] // 3 * 3]
    pooled: NDArray[np.float64] = whole.reshape(len(y), -1, 3).max(axis=2)
    return pooled


@torch.inference_mode()
def test_a_block_equals_its_definition_in_numpy() -> None:
    torch.manual_seed(1)
    block = SampleCNN().eval().sequential[3]
    state = block.state_dict()
    state["1.running_mean"].normal_()
    state["1.running_var"].uniform_(0.5, 2)
    x = torch.randn(1, 128, 731)
    expected = numpy_block(x[0].double().numpy(), {name: tensor.double().numpy() for name, tensor in state.items()})
    assert expected.shape == (256, 243)
    assert_allclose(block(x[:, :, None])[0, :, 0], expected, atol=2e-6)


def test_a_step_of_training_is_that_of_the_layers_one_after_the_other() -> None:
    torch.manual_seed(2)
    network = SampleCNN(width=0.125).double().train()
    layered = copy.deepcopy(network)
    waveforms = torch.randn(3, 1, 2 * WINDOW, dtype=torch.float64)
    wanted = waveforms
    for number, block in enumerate(layered.sequential):
        for layer in block.children():
            wanted = layer(wanted)
        wanted = functional.max_pool1d(wanted, 3) if 0 < number < 10 else wanted
    h = network.represent(waveforms)
    assert_allclose(h.detach(), wanted.flatten(1).detach(), atol=1e-9)
    torch.autograd.backward([h.square().sum(), wanted.square().sum()])
    for (name, parameter), other in zip(network.named_parameters(), layered.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, other.grad, rtol=1e-6, atol=1e-6, msg=name)
    for (name, buffer), same in zip(network.named_buffers(), layered.buffers(), strict=True):
        assert_allclose(buffer, same, rtol=1e-9, atol=1e-12, err_msg=name)
