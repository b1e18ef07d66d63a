from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from echodex.training.fingerprint.config import FingerprintTraining
from echodex.training.fingerprint.losses import fingerprint_loss, semi_hard

Float64 = NDArray[np.float64]


def unit_rows(phase: float) -> torch.Tensor:
    rows = torch.cos(torch.arange(32, dtype=torch.float64) + phase).reshape(4, 8)
    return torch.nn.functional.normalize(rows).float()


def pair() -> torch.Tensor:
    return torch.stack([unit_rows(0.0), unit_rows(0.3)], dim=1)


@pytest.mark.parametrize(
    ("loss", "temperature", "expected"),
    [
        ("ntxent-sum", 0.05, 0.00687223),
        ("ntxent-sum", 0.5, 1.1822310),
        ("ntxent", 0.05, 0.00343611),
        ("ntxent", 0.5, 0.5911155),
    ],
)
def test_the_values_of_the_published_programs(loss: str, temperature: float, expected: float) -> None:
    found = fingerprint_loss(pair(), FingerprintTraining(loss=loss, temperature=temperature))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def nafp(a: Float64, b: Float64, temperature: float) -> float:
    """The sum of two means as it is published: each row against all replicas, and its own side without itself."""

    def one_side(own: Float64, other: Float64) -> float:
        losses = []
        for i in range(len(own)):
            across = own[i] @ other.T / temperature
            along = np.delete(own[i] @ own.T / temperature, i)
            losses.append(np.log(np.exp(np.concatenate([across, along])).sum()) - across[i])
        return float(np.mean(losses))

    return one_side(a, b) + one_side(b, a)


def test_the_sum_is_the_published_one_on_any_vectors() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(7, 2, 5, generator=torch.Generator().manual_seed(0)), dim=2)
    found = fingerprint_loss(vectors, FingerprintTraining(loss="ntxent-sum", temperature=0.2))
    rows = vectors.double().numpy()
    assert float(found) == pytest.approx(nafp(rows[:, 0], rows[:, 1], 0.2), rel=1e-5)


def triplets_one_by_one(vectors: Float64, margin: float) -> float:
    found = []
    for i, row in enumerate(vectors):
        for positive in row[1:]:
            near = ((row[0] - positive) ** 2).sum()
            for j, other in enumerate(vectors):
                for negative in other:
                    far = ((row[0] - negative) ** 2).sum()
                    if i != j and near < far < near + margin:
                        found.append(near - far + margin)
    return float(np.mean(found)) if found else 0.0


@pytest.mark.parametrize("replicas", [1, 4])
def test_semi_hard_triplets_counted_one_by_one(replicas: int) -> None:
    generator = torch.Generator().manual_seed(replicas)
    vectors = torch.nn.functional.normalize(torch.randn(6, 1 + replicas, 4, generator=generator), dim=2)
    expected = triplets_one_by_one(vectors.double().numpy(), 0.4)
    assert expected > 0
    assert float(semi_hard(vectors[:, 0], vectors[:, 1:], 0.4)) == pytest.approx(expected, rel=1e-5)


def test_without_a_semi_hard_triplet_the_loss_is_nothing() -> None:
    anchors = torch.eye(3, requires_grad=True)
    loss = semi_hard(anchors, anchors[:, None], 0.4)  # near is 0, far is 2
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0.0
    assert anchors.grad is not None
    assert not anchors.grad.any()
