from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

from echodex.api import Store
from echodex.errors import UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.coverage import coverage
from echodex.pruning.parts import near_clips, one_each
from echodex.pruning.plan import Plan, plan
from echodex.pruning.sweep import SHARES, after_a_duplicate, sweep
from echodex.pruning.sweep_plot import plot_sweep, title_of


@pytest.fixture
def found(library: Callable[..., Store], blobs: Callable[..., NDArray[np.float32]]) -> Plan:
    rows = blobs(3, 12, noise=8)
    return plan(library(np.concatenate([rows, rows[:6]])), PruneConfig(eps=0.3, min_cluster_size=5, min_samples=3))


def test_each_point_is_the_plan_at_that_budget(found: Plan) -> None:
    points = sweep(found)
    assert [point.share for point in points] == list(SHARES)
    matrix = found.material.matrix
    labels = np.array([labels[0] for labels in found.material.described.column("labels").to_pylist()])
    whole = [(labels == name).mean() for name in ("even", "odd")]
    for point in points:
        kept = found.at(point.share).kept
        near = np.triu(matrix[kept] @ matrix[kept].T >= 0.98, 1)
        assert point.kept == kept.sum()
        assert point.coverage == pytest.approx(coverage(matrix, kept))
        assert (point.duplicates_left, point.duplicates_recall) == (near.any(axis=0).sum(), 1.0)
        part = [(labels[kept] == name).mean() for name in ("even", "odd")]
        assert point.label_shift == pytest.approx(jensenshannon(part, whole, base=2) ** 2, abs=1e-9)
        assert point.duration_shift == 0, "all clips are equally long"
    assert (points[-1].coverage, points[-1].label_shift, points[-1].duplicates_left) == (1, 0, 6)


def test_shares_that_are_none(found: Plan) -> None:
    with pytest.raises(UsageError, match="keep is a share"):
        sweep(found, [0.5, 1.5])


def test_a_chain_of_copies_counts_each_after_its_neighbour(unit: Callable[..., NDArray[np.float32]]) -> None:
    """Each row is a duplicate of the next alone, ranked in random order; and 100 copies, more than are listed."""
    angles = np.arange(30) * np.arccos(0.985)
    chain = np.stack([np.cos(angles % 6), np.sin(angles % 6), np.floor(angles / 6)], axis=1)
    matrix = unit(np.concatenate([chain, np.repeat([[0.0, 0.0, -1.0]], 100, axis=0)]))
    rank = np.random.default_rng(0).permutation(130)
    near = matrix.astype(np.float64) @ matrix.T >= 0.98 - 1e-6
    expected = [bool((near[row] & (rank < rank[row])).any()) for row in range(130)]
    assert 99 < sum(expected) < 129
    assert after_a_duplicate(near_clips(one_each(matrix), 0.98), rank).tolist() == expected


def test_the_picture_of_a_sweep(found: Plan, tmp_path: Path) -> None:
    out = tmp_path / "sweep.png"
    plot_sweep(found, sweep(found), out)
    data = out.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    pixels = image.imread(out)
    assert min(pixels.shape[:2]) > 600
    panels = np.array_split(pixels[..., :3], 3)
    assert all(panel.std() > 0.05 for panel in panels), "something is drawn in each"
    plot_sweep(found, sweep(found, [0.2, 1.0]), tmp_path / "other.png")
    assert (tmp_path / "other.png").read_bytes() != data


def test_what_the_picture_is_called(found: Plan) -> None:
    assert title_of(found) == f"facility in space {found.material.space.name}: 50 clips"
    of_train = replace(found, material=replace(found.material, split="train", pool=np.arange(30)))
    assert title_of(of_train).endswith(", split train: 30 of 50 clips")


def test_a_picture_without_labels_has_no_line_for_them(found: Plan, tmp_path: Path) -> None:
    bare = [replace(point, label_shift=None) for point in sweep(found)]
    plot_sweep(found, bare, tmp_path / "bare.png")
    plot_sweep(found, sweep(found), tmp_path / "labels.png")
    assert (tmp_path / "bare.png").read_bytes() != (tmp_path / "labels.png").read_bytes()
