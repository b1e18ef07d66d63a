from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.training.contrastive.ntxent import ntxent

Float64 = NDArray[np.float64]


def views(count: int, dim: int, seed: int) -> tuple[Float64, Float64]:
    random = np.random.default_rng(seed)
    return random.standard_normal((count, dim)), random.standard_normal((count, dim))


def by_definition(a: Float64, b: Float64, temperature: float) -> float:
    """Equation 1 of SimCLR, pair by pair."""
    z = np.concatenate([a, b])
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    losses = []
    for i in range(len(z)):
        partner = (i + len(a)) % len(z)
        others = sum(np.exp(z[i] @ z[k] / temperature) for k in range(len(z)) if k != i)
        losses.append(-np.log(np.exp(z[i] @ z[partner] / temperature) / others))
    return float(np.mean(losses))


def loss(a: Float64, b: Float64, temperature: float = 0.5) -> float:
    return float(ntxent(torch.from_numpy(a).float(), torch.from_numpy(b).float(), temperature))


def test_golden_value() -> None:
    k = np.arange(32.0)
    assert loss(np.cos(k).reshape(4, 8), np.cos(k + 0.3).reshape(4, 8)) == pytest.approx(0.5911155, abs=1e-6)


@given(
    count=st.integers(1, 12), dim=st.integers(1, 9), seed=st.integers(0, 99), temperature=st.sampled_from([0.1, 0.5, 2])
)
def test_it_is_its_definition_whatever_the_batch(count: int, dim: int, seed: int, temperature: float) -> None:
    a, b = views(count, dim, seed)
    assert loss(a, b, temperature) == pytest.approx(by_definition(a, b, temperature), abs=1e-4)


def test_neither_scale_nor_order_nor_which_view_is_first_matters() -> None:
    a, b = views(6, 5, 0)
    order = np.random.default_rng(1).permutation(6)
    assert loss(3 * b[order], 0.1 * a[order]) == pytest.approx(loss(a, b), rel=1e-5)


def test_a_clip_alone_teaches_nothing() -> None:
    a, b = views(1, 4, 0)
    assert loss(a, b) == 0


def test_half_precision_is_not_used_for_it() -> None:
    a, b = (torch.from_numpy(z).float() for z in views(8, 16, 0))
    with torch.autocast("cpu", torch.bfloat16):
        inside = ntxent(a, b, 0.5)
    assert torch.equal(inside, ntxent(a, b, 0.5))
