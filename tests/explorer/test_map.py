"""The map: a PNG that says what it should, and a projection that equals an independent PCA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.decomposition import PCA

from echodex.explorer.map import draw_map, project


@pytest.fixture
def vectors() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(40, 8)) * np.arange(8, 0, -1)).astype(np.float32)


def test_the_projection_is_a_pca(vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    expected = PCA(n_components=2, svd_solver="full").fit_transform(vectors.astype(np.float64))
    points = project(vectors)
    for axis in range(2):
        assert abs(np.corrcoef(points[:, axis], expected[:, axis])[0, 1]) == pytest.approx(1.0)
    np.testing.assert_allclose(np.abs(points), np.abs(expected), atol=1e-4)


def test_the_signs_do_not_depend_on_the_order(vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    order = np.random.default_rng(1).permutation(len(vectors))
    np.testing.assert_allclose(project(vectors)[order], project(vectors[order]), atol=1e-4)


@pytest.mark.parametrize("shape", [(0, 8), (1, 8), (2, 8), (5, 1)])
def test_few_clips_or_dimensions_still_have_coordinates(shape: tuple[int, int]) -> None:
    points = project(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()


def test_the_picture_depends_on_what_is_kept(
    tmp_path: Path, vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]]
) -> None:
    labels = [f"label {i % 30}" if i else "" for i in range(len(vectors))]
    everything = np.ones(len(vectors), bool)
    half = np.arange(len(vectors)) % 2 == 0
    for name, mask in (("a", everything), ("b", half), ("c", half)):
        draw_map(vectors, {"lean": mask, "random": everything}, labels, tmp_path / f"{name}.png")
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a.startswith(b"\x89PNG")
    assert a != b
    assert b == c


def test_a_map_without_views_or_labels(tmp_path: Path) -> None:
    draw_map(np.zeros((0, 4), np.float32), {}, [], tmp_path / "empty.png")
    draw_map(np.ones((3, 4), np.float32), {}, ["", "", ""], tmp_path / "same.png")
    assert (tmp_path / "empty.png").stat().st_size > 1000
    assert (tmp_path / "same.png").stat().st_size > 1000
