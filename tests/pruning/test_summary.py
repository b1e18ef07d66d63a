from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.pruning.config import PruneConfig
from echodex.pruning.coverage import coverage
from echodex.pruning.plan import Plan, plan

Matrix = NDArray[np.float32]


@pytest.fixture
def found(library: Callable[..., Store], blobs: Callable[..., Matrix]) -> Plan:
    rows = blobs(3, 12, noise=8)
    splits = ["train"] * 44 + ["test"] * 4
    store = library(np.concatenate([rows, rows[:4]]), splits)
    return plan(store, PruneConfig(eps=0.3, min_cluster_size=5, min_samples=3))


def test_counts_and_hours_add_up(found: Plan) -> None:
    summary = found.summary()
    assert (summary.clips, summary.pool_clips) == (48, 44)
    assert summary.kept == summary.pool_kept + 4
    assert sum(summary.reasons.values()) == 48
    assert sum(cluster.size for cluster in summary.clusters) == 44
    assert sum(cluster.kept for cluster in summary.clusters) == summary.pool_kept
    assert [cluster.cluster for cluster in summary.clusters] == [-1, 0, 1, 2]
    assert summary.hours == pytest.approx(48 * 0.1 / 3600)
    assert summary.hours_kept == pytest.approx(summary.kept * 0.1 / 3600)
    assert summary.share == summary.kept / 48
    assert (summary.split, summary.clustering) == ("train", "hdbscan, exact")
    assert (summary.agreement, summary.duplicates_recall) == (None, 1.0)


def test_coverage_is_measured_on_all_clips_of_the_cluster(found: Plan) -> None:
    summary = found.summary()
    matrix = found.material.matrix[found.material.pool]
    assert summary.coverage == pytest.approx(coverage(matrix, found.kept))
    for cluster in summary.clusters:
        assert 0.69 < cluster.coverage <= 1


def test_examples_are_pruned_clips_with_what_stands_for_them(found: Plan) -> None:
    summary = found.summary()
    rows = {row["clip_id"]: row for row in found.rows.to_pylist()}
    assert 1 <= len(summary.examples) <= 5
    for example in summary.examples:
        assert not rows[example.clip_id]["kept"]
        assert rows[example.clip_id]["representative"] == example.representative
        assert example.path.endswith(".wav")
        assert example.representative_path.endswith(".wav")


def test_duplicates_across_splits_are_a_leak_while_both_are_kept(found: Plan) -> None:
    summary = found.summary()
    assert len(found.leaks) == 4
    kept = {row["clip_id"]: row["kept"] for row in found.rows.to_pylist()}
    assert len(summary.leaks) == sum(kept[leak.clip_id] for leak in found.leaks)
    assert all((leak.split, leak.other_split) == ("train", "test") for leak in found.leaks)
    assert all(leak.score == pytest.approx(1) for leak in found.leaks)
    assert any("have a duplicate in another split" in warning for warning in found.at(1.0).summary().warnings)


def test_much_noise_is_warned_of(library: Callable[..., Store]) -> None:
    summary = plan(library(np.eye(12, 64, dtype=np.float32)), PruneConfig()).summary()
    assert summary.kept == 12
    assert any("100% of the clips are in no cluster" in warning for warning in summary.warnings)
