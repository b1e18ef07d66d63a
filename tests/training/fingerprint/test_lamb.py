from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from echodex.training.fingerprint.lamb import PFANN_CLAMP, Lamb

Float64 = NDArray[np.float64]
RATE, DECAY = 0.05, 1e-2


def gradients(steps: int, shape: tuple[int, ...]) -> list[Float64]:
    random = np.random.default_rng(1)
    return [random.standard_normal(shape) for _ in range(steps)]


def descend(optimizer: torch.optim.Optimizer, weight: torch.Tensor, slopes: list[Float64]) -> Float64:
    for slope in slopes:
        weight.grad = torch.from_numpy(slope)
        optimizer.step()
    return np.asarray(weight.detach().numpy())


@pytest.mark.parametrize(("debias", "clamp"), [(True, math.inf), (False, PFANN_CLAMP), (False, 0.5)])
def test_it_follows_its_equations(debias: bool, clamp: float) -> None:
    start, slopes = np.random.default_rng(0).standard_normal((4, 3)), gradients(5, (4, 3))
    weight = torch.nn.Parameter(torch.from_numpy(start.copy()))
    found = descend(Lamb([weight], RATE, weight_decay=DECAY, debias=debias, clamp=clamp), weight, slopes)
    expected, mean, square = start.copy(), np.zeros((4, 3)), np.zeros((4, 3))
    for step, slope in enumerate(slopes, start=1):
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        m, v = (mean / (1 - 0.9**step), square / (1 - 0.999**step)) if debias else (mean, square)
        update = m / (np.sqrt(v) + 1e-6) + DECAY * expected
        expected -= RATE * min(float(np.linalg.norm(expected)), clamp) / np.linalg.norm(update) * update
    assert_allclose(found, expected, rtol=1e-9)


def test_a_ratio_of_one_where_there_is_nothing_to_scale_by() -> None:
    weight = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    found = descend(Lamb([weight], RATE, weight_decay=0.0), weight, [np.ones(3)])
    assert_allclose(found, -RATE * np.ones(3), rtol=1e-5)  # the first step of Adam


def test_a_state_that_is_loaded_goes_on() -> None:
    start, slopes = torch.ones(4, dtype=torch.float64), gradients(4, (4,))
    whole = torch.nn.Parameter(start.clone())
    expected = descend(Lamb([whole], RATE), whole, slopes)
    first = torch.nn.Parameter(start.clone())
    begun = Lamb([first], RATE)
    descend(begun, first, slopes[:2])
    second = torch.nn.Parameter(first.detach().clone())
    rest = Lamb([second], RATE)
    rest.load_state_dict(begun.state_dict())
    assert np.array_equal(descend(rest, second, slopes[2:]), expected)
