from __future__ import annotations

import pytest

from echodex.api import Store
from echodex.pruning.clustering.runs import sweep_counts


@pytest.mark.parametrize(
    ("clips", "counts"),
    [
        (10_000, list(range(200, 8001, 200))),
        (5000, list(range(200, 4801, 200))),
        (300, [30, 60, 90, 120, 150, 180, 210, 240, 270]),
        (7, [1, 2, 3, 4, 5, 6]),
        (1, [1]),
    ],
)
def test_a_sweep_goes_as_far_as_there_are_clips(clips: int, counts: list[int]) -> None:
    assert list(sweep_counts(clips)) == counts


def test_clustering_says_how_far_it_is(kinds: Store) -> None:
    stages = []
    kinds.cluster("dummy", progress=lambda stage, _done, _total: stages.append(stage))
    assert stages[0] == "reading"
    assert "comparing" in stages
