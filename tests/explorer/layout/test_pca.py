"""The principal axes: those of an independent decomposition, whatever threads there are, and exact for new rows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.explorer.layout.pca import box, fit_pca

Matrix = NDArray[np.float32]


def made(rows: int, dim: int, seed: int = 0) -> Matrix:
    """Unit rows around a mean, with more extent along the first dimensions."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(rows, dim)) * np.linspace(2, 0.2, dim) + rng.normal(size=dim)
    return np.asarray(matrix / np.linalg.norm(matrix, axis=1, keepdims=True), dtype=np.float32)


@given(rows=st.integers(3, 60), dim=st.integers(2, 12), seed=st.integers(0, 100))
def test_the_points_are_those_of_a_singular_value_decomposition(rows: int, dim: int, seed: int) -> None:
    matrix = made(rows, dim, seed)
    centred = matrix.astype(np.float64) - matrix.astype(np.float64).mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    gaps = np.append(values[:2] - values[1:3], values[1])
    if gaps.min() < 1e-3 * values[0]:  # axes of nearly one length are any axes of their plane
        return
    expected = left[:, :2] * values[:2]
    expected -= (expected.max(axis=0) + expected.min(axis=0)) / 2
    expected /= np.abs(expected).max()
    points = fit_pca(matrix).apply(matrix)
    for axis in range(2):
        side = np.sign(points[:, axis] @ expected[:, axis])
        np.testing.assert_allclose(side * points[:, axis], expected[:, axis], atol=1e-4)


def test_it_fills_the_box() -> None:
    points = fit_pca(made(500, 8)).apply(made(500, 8))
    assert points.dtype == np.float32
    assert np.abs(points).max() == 1
    np.testing.assert_allclose(points.min(axis=0), -points.max(axis=0), atol=1e-6)


def test_signs_do_not_depend_on_the_order() -> None:
    matrix = made(300, 8)
    order = np.random.default_rng(1).permutation(len(matrix))
    np.testing.assert_allclose(fit_pca(matrix[order]).apply(matrix), fit_pca(matrix).apply(matrix), atol=1e-5)


@pytest.mark.parametrize("shape", [(0, 8), (1, 8), (2, 8), (5, 1)])
def test_few_clips_or_dimensions_still_have_coordinates(shape: tuple[int, int]) -> None:
    matrix = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    points = fit_pca(matrix).apply(matrix)
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()
    assert np.abs(points).max(initial=0) <= 1


def test_one_vector_many_times_is_one_spot_in_the_middle() -> None:
    matrix = np.repeat(made(1, 16), 5000, axis=0)
    np.testing.assert_allclose(fit_pca(matrix).apply(matrix), 0, atol=1e-6)


def test_blocks_are_counted_and_add_up() -> None:
    matrix = made(3, 4)[np.arange(9000) % 3]
    seen: list[tuple[str, int, int | None]] = []
    wide = np.tile(matrix, (1, 300))
    fit_pca(wide, lambda *told: seen.append(told))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert len(seen) > 1
    assert seen[-1][1:] == (9000, 9000)
    np.testing.assert_allclose(fit_pca(wide).apply(wide)[:3], fit_pca(wide[:3]).apply(wide[:3]), atol=1e-5)


DIGEST = """
import hashlib, numpy as np
from echodex.explorer.layout.pca import fit_pca
matrix = np.random.default_rng(0).normal(size=(40_000, 96)).astype(np.float32)
print(hashlib.sha256(fit_pca(matrix).apply(matrix).tobytes()).hexdigest())
"""


def test_every_bit_is_the_same_whatever_the_threads(tmp_path: Path) -> None:
    digests = set()
    for threads in ("1", "2", "7"):
        env = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", DIGEST], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_a_box_of_nothing_or_of_one_point() -> None:
    assert box(np.zeros((0, 2)))[1] == 1
    middle, half = box(np.array([[3.0, 4.0]]))
    assert middle.tolist() == [3, 4]
    assert half == 1
