from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

from echodex.api import Store
from echodex.errors import UsageError
from echodex.pruning.config import PruneConfig
from echodex.pruning.coverage import coverage
from echodex.pruning.plan import Plan, plan
from echodex.pruning.sweep import SHARES, sweep


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
        assert point.duplicates_left == near.any(axis=0).sum()
        part = [(labels[kept] == name).mean() for name in ("even", "odd")]
        assert point.label_shift == pytest.approx(jensenshannon(part, whole, base=2) ** 2, abs=1e-9)
        assert point.duration_shift == 0, "all clips are equally long"
    assert (points[-1].coverage, points[-1].label_shift, points[-1].duplicates_left) == (1, 0, 6)


def test_shares_that_are_none(found: Plan) -> None:
    with pytest.raises(UsageError, match="keep is a share"):
        sweep(found, [0.5, 1.5])
