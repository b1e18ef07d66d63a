from __future__ import annotations

import torch
from numpy.testing import assert_allclose
from torch import nn

from echodex.encoders.samplecnn import WINDOW, SampleCNN, state_shapes
from echodex.training.contrastive.simclr import SimCLR, fresh_simclr


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_it_has_the_published_sizes() -> None:
    network = fresh_simclr(1.0, 64, seed=0)
    assert (count(network.projector), count(network.encoder)) == (294_912, 2_368_512)


def test_its_state_has_the_published_names() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in fresh_simclr(1.0, 64, seed=0).state_dict().items()}
    encoder = {f"encoder.{name}": shape for name, shape in state_shapes().items()}
    assert shapes == encoder | {"projector.0.weight": (512, 512), "projector.2.weight": (64, 512)}


def test_a_head_of_the_encoder_is_dropped() -> None:
    assert not any(".fc." in name for name in SimCLR(SampleCNN(50), 64).state_dict())


@torch.inference_mode()
def test_z_is_the_projection_of_h() -> None:
    network = fresh_simclr(0.25, 16, seed=3).eval()
    waveforms = torch.randn(2, WINDOW, generator=torch.Generator().manual_seed(0))
    h, z = network(waveforms)
    assert (h.shape, z.shape) == ((2, 128), (2, 16))
    assert_allclose(h, network.encoder.represent(waveforms[:, None]))
    first, second = (network.state_dict()[f"projector.{layer}.weight"] for layer in (0, 2))
    assert_allclose(z, torch.relu(h @ first.T) @ second.T, rtol=1e-4, atol=1e-6)


def test_the_seed_alone_decides_on_the_first_weights() -> None:
    before = torch.get_rng_state()
    networks = [fresh_simclr(0.25, 16, seed) for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), before)
    same, again, other = (network.state_dict()["projector.0.weight"] for network in networks)
    assert torch.equal(same, again)
    assert not torch.equal(same, other)
