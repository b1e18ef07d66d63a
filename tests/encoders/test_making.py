from __future__ import annotations

import numpy as np
import torch
from torch import nn

from echodex.encoders.making import made_by_seed, made_of, shapes_of


def make() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def test_a_seed_alone_makes_a_network() -> None:
    before = torch.get_rng_state()
    one, again, other = (made_by_seed(make, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(one["0.weight"], again["0.weight"])
    assert not torch.equal(one["0.weight"], other["0.weight"])
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(1)
    assert torch.equal(one["0.weight"], make().state_dict()["0.weight"]), "as PyTorch does"


def test_given_weights_are_those_of_the_network_and_are_not_copied() -> None:
    before = torch.get_rng_state()
    weights = {name: tensor.numpy() for name, tensor in made_by_seed(make, 5).state_dict().items()}
    network = made_of(make, weights)
    assert torch.equal(torch.get_rng_state(), before)
    x = torch.ones(4, 3)
    assert torch.equal(network.eval()(x), made_by_seed(make, 5).eval()(x))
    weights["0.bias"] += 1
    np.testing.assert_array_equal(network.state_dict()["0.bias"], weights["0.bias"])


def test_names_and_shapes_take_no_memory() -> None:
    assert shapes_of(make) == {name: tuple(tensor.shape) for name, tensor in make().state_dict().items()}
    assert shapes_of(lambda: nn.Linear(1 << 20, 1 << 20, bias=False)) == {"weight": (1 << 20, 1 << 20)}
