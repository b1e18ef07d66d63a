from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from echodex.training.contrastive.lars import Lars, lars_groups
from echodex.training.contrastive.simclr import fresh_simclr

Float64 = NDArray[np.float64]
RATE, DECAY = 0.5, 1e-2


def gradients(steps: int, shape: tuple[int, ...]) -> list[Float64]:
    random = np.random.default_rng(1)
    return [random.standard_normal(shape) for _ in range(steps)]


def descend(optimizer: torch.optim.Optimizer, weight: torch.Tensor, slopes: list[Float64]) -> Float64:
    for slope in slopes:
        weight.grad = torch.from_numpy(slope)
        optimizer.step()
    result: Float64 = weight.detach().numpy()
    return result


def test_it_follows_its_equations() -> None:
    start = np.random.default_rng(0).standard_normal((4, 3))
    weight = torch.nn.Parameter(torch.from_numpy(start.copy()))
    slopes = gradients(5, (4, 3))
    found = descend(Lars([{"params": [weight], "weight_decay": DECAY}], RATE), weight, slopes)
    expected, velocity = start.copy(), np.zeros_like(start)
    for slope in slopes:
        decayed = slope + DECAY * expected
        trust = 0.001 * np.linalg.norm(expected) / np.linalg.norm(decayed)
        velocity = 0.9 * velocity + RATE * trust * decayed
        expected -= velocity
    assert_allclose(found, expected, rtol=1e-12)


def test_without_trust_ratio_it_is_descent_with_momentum() -> None:
    slopes = gradients(6, (7,))
    start = torch.ones(7, dtype=torch.float64)
    plain, scaled = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    expected = descend(torch.optim.SGD([plain], RATE, momentum=0.9), plain, slopes)
    found = descend(Lars([{"params": [scaled], "adapt": False}], RATE), scaled, slopes)
    assert_allclose(found, expected, rtol=1e-12)


def test_weights_or_gradients_of_zero_have_a_trust_ratio_of_one() -> None:
    weight = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    found = descend(Lars([{"params": [weight]}], RATE), weight, [np.ones(3)])
    assert_allclose(found, -RATE * np.ones(3))
    still = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
    assert_allclose(descend(Lars([{"params": [still]}], RATE), still, [np.zeros(3)]), np.ones(3))


def test_a_state_that_is_loaded_goes_on() -> None:
    start, slopes = torch.ones(4, dtype=torch.float64), gradients(4, (4,))
    whole = torch.nn.Parameter(start.clone())
    expected = descend(Lars([{"params": [whole]}], RATE), whole, slopes)
    first = torch.nn.Parameter(start.clone())
    begun = Lars([{"params": [first]}], RATE)
    descend(begun, first, slopes[:2])
    second = torch.nn.Parameter(first.detach().clone())
    rest = Lars([{"params": [second]}], RATE)
    rest.load_state_dict(begun.state_dict())
    assert_allclose(descend(rest, second, slopes[2:]), expected)


def test_what_is_left_out_of_trust_ratio_and_decay() -> None:
    network = fresh_simclr(0.25, 16, seed=0)
    [everything] = lars_groups(network, DECAY, exclude_norms=False)
    assert len(everything["params"]) == len(list(network.parameters()))
    kernels, others = lars_groups(network, DECAY, exclude_norms=True)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    assert {names[id(p)].rpartition(".")[2] for p in kernels["params"]} == {"weight"}
    assert len(kernels["params"]) == 11 + 2
    assert {names[id(p)].split(".")[-2:][0] for p in others["params"]} == {"0", "1"}  # convolution, batch norm
    assert len(others["params"]) == 3 * 11
    assert (kernels["weight_decay"], kernels["adapt"]) == (DECAY, True)
    assert (others["weight_decay"], others["adapt"]) == (0.0, False)
