from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from sklearn.neighbors import KNeighborsClassifier

from echodex.training.contrastive.monitors import (
    alignment,
    effective_rank,
    knn_accuracy,
    measured,
    uniformity,
)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def unit(x: torch.Tensor) -> np.ndarray:
    array = x.numpy().astype(np.float64)
    return np.asarray(array / np.linalg.norm(array, axis=1, keepdims=True))


def test_alignment() -> None:
    a, b = normal(20, 8), normal(20, 8, seed=1)
    assert alignment(a, b) == pytest.approx(np.square(unit(a) - unit(b)).sum(axis=1).mean(), rel=1e-5)
    assert alignment(a, 7 * a) == pytest.approx(0, abs=1e-10)
    assert alignment(a, -a) == pytest.approx(4)


def test_uniformity() -> None:
    z = normal(30, 8)
    assert uniformity(z) == pytest.approx(np.log(np.exp(-2 * pdist(unit(z)) ** 2).mean()), rel=1e-5)
    assert uniformity(torch.ones(5, 3)) == pytest.approx(0)
    assert uniformity(torch.tensor([[1.0, 0], [-1, 0]])) == pytest.approx(-8)


def test_effective_rank() -> None:
    corners = torch.cat([torch.eye(6), -torch.eye(6)])
    assert effective_rank(corners + 100) == pytest.approx(6)
    assert effective_rank(normal(50, 1) * normal(1, 9) + 3) == pytest.approx(1, abs=1e-4)
    values = np.linalg.svd(corners.numpy() * [4, 1, 1, 1, 1, 1], compute_uv=False)
    shares = values / values.sum()
    expected = math.exp(-(shares * np.log(shares)).sum())
    assert effective_rank(corners * torch.tensor([4.0, 1, 1, 1, 1, 1])) == pytest.approx(expected)
    assert effective_rank(torch.ones(5, 4)) == pytest.approx(1)


@pytest.mark.parametrize("neighbours", [1, 3])
def test_knn_accuracy_is_that_of_leaving_one_out(neighbours: int) -> None:
    h = normal(40, 3)
    targets = (h[:, 0] > 0).long()
    right = []
    for row in range(len(h)):
        rest = np.delete(np.arange(len(h)), row)
        model = KNeighborsClassifier(neighbours).fit(unit(h)[rest], targets.numpy()[rest])
        right.append(model.predict(unit(h)[[row]])[0] == targets[row])
    assert knn_accuracy(h, targets, neighbours) == pytest.approx(np.mean(right))
    assert 0.5 < np.mean(right) < 1


def by_hand(h: np.ndarray, targets: np.ndarray, neighbours: int) -> float:
    """The share of rows whose nearest others vote for their label; of equals, the label that is met first."""
    right = 0
    for row in range(len(h)):
        nearest = [other for other in np.argsort(-(h @ h[row])) if other != row][:neighbours]
        met = [int(targets[other]) for other in nearest]
        winner = max(dict.fromkeys(met), key=met.count)
        right += winner == targets[row]
    return right / len(h)


@pytest.mark.parametrize("seed", range(4))
def test_of_as_many_votes_the_nearest_wins(seed: int) -> None:
    h, targets = normal(60, 3, seed=seed), torch.from_numpy(np.random.default_rng(seed).integers(0, 4, 60))
    assert knn_accuracy(h, targets, 4) == pytest.approx(by_hand(unit(h), targets.numpy(), 4))


def test_several_labels() -> None:
    h = torch.tensor([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]])
    hot = torch.tensor([[1.0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]])
    assert knn_accuracy(h, hot, 1) == pytest.approx(0.5)


def test_clips_without_a_label_are_left_out() -> None:
    h, targets = normal(20, 4), torch.arange(20) % 2
    some = targets.clone()
    some[::3] = -1
    assert knn_accuracy(h, some) == knn_accuracy(h[some >= 0], targets[some >= 0])
    assert math.isnan(knn_accuracy(h, torch.full((20,), -1)))


def test_all_together() -> None:
    z_i, z_j, h = normal(12, 4), normal(12, 4, seed=1), normal(12, 6, seed=2)
    found = measured(z_i, z_j, h, torch.arange(12) % 3)
    assert found["alignment"] == alignment(z_i, z_j)
    assert found["uniformity"] == uniformity(z_i)
    assert found["effective_rank"] == effective_rank(h)
    assert found["knn_accuracy"] == knn_accuracy(h, torch.arange(12) % 3)
    assert "knn_accuracy" not in measured(z_i, z_j, h, torch.empty(12, 0))
    assert "knn_accuracy" not in measured(z_i, z_j, h, torch.full((12,), -1))
