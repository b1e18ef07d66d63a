"""New clips lie where a weighted mean worked out by hand puts them."""

from __future__ import annotations

import numpy as np
import pytest

from echodex.explorer.layout.placing import NEIGHBOURS, TOGETHER, place


def units(rows: int, dim: int, seed: int) -> np.ndarray:
    matrix = np.random.default_rng(seed).normal(size=(rows, dim))
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), dtype=np.float32)


def expected(vector: np.ndarray, matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """One clip after the other, by brute force: the middle one of its neighbours, and the mean of those around it."""
    squared = ((matrix - vector) ** 2).sum(axis=1)
    nearest = np.argsort(squared)[:NEIGHBOURS]
    weights = 1 / np.maximum(squared[nearest], 1e-6)
    costs = [sum(weights * np.hypot(*(points[nearest] - points[one]).T)) for one in nearest]
    middle = points[nearest[int(np.argmin(costs))]]
    together = np.hypot(*(points[nearest] - middle).T) <= TOGETHER
    return np.average(points[nearest][together], axis=0, weights=weights[together])


@pytest.mark.parametrize("extent", [1, 0.2, 0.05])
def test_a_new_clip_lies_at_the_weighted_mean_of_the_neighbours_that_lie_together(extent: float) -> None:
    new, matrix = units(40, 8, 0), units(60, 8, 1)
    points = np.random.default_rng(2).uniform(-extent, extent, size=(60, 2)).astype(np.float32)
    for vector, point in zip(new.astype(np.float64), place(new, matrix, points), strict=True):
        np.testing.assert_allclose(point, expected(vector, matrix, points), atol=1e-4)


def test_a_clip_like_two_groups_lies_in_one_of_them() -> None:
    matrix = units(60, 8, 1)
    points = np.where(np.arange(60)[:, None] % 2, (-0.9, 0), (0.9, 0)).astype(np.float32)
    assert np.abs(place(units(50, 8, 0), matrix, points)[:, 0]).min() > 0.89


def test_a_copy_lands_on_its_original() -> None:
    matrix = units(60, 8, 1)
    points = np.random.default_rng(2).uniform(-1, 1, size=(60, 2)).astype(np.float32)
    np.testing.assert_allclose(place(matrix[10:20], matrix, points), points[10:20], atol=1e-3)


def test_copies_of_one_original_that_lie_together_share_the_new_clip() -> None:
    matrix = np.repeat(units(1, 8, 0), NEIGHBOURS, axis=0)
    points = np.random.default_rng(2).uniform(0, TOGETHER / 2, size=(NEIGHBOURS, 2)).astype(np.float32)
    np.testing.assert_allclose(place(matrix[:1], matrix, points)[0], points.mean(axis=0), atol=1e-3)


def test_fewer_clips_than_neighbours() -> None:
    matrix = units(2, 8, 1)
    points = np.array([[-1, 0], [1, 0]], dtype=np.float32)
    assert np.abs(place(units(3, 8, 0), matrix, points)).max() <= 1
