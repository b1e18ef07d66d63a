from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import NotFound
from echodex.pruning.config import PruneConfig
from echodex.pruning.diff import diff
from echodex.pruning.plan import plan

SMALL: dict[str, Any] = {"selector": "random", "min_cluster_size": 5}


@pytest.fixture
def views(library: Callable[..., Store], blobs: Callable[..., NDArray[np.float32]]) -> Store:
    store = library(blobs(2, 10))
    for seed, name in ((0, "a"), (1, "b")):
        plan(store, PruneConfig(keep=8, seed=seed, **SMALL)).save(store, name)
    return store


def test_three_parts_that_share_nothing(views: Store) -> None:
    found = diff(views, "a", "b@1")
    kept = {name: set(views.clips(["clip_id"], view=name).column(0).to_pylist()) for name in ("a", "b")}
    assert (found.a, found.b) == ("a@1", "b@1")
    assert set(found.only_a.clip_ids) == kept["a"] - kept["b"]
    assert set(found.only_b.clip_ids) == kept["b"] - kept["a"]
    assert set(found.both.clip_ids) == kept["a"] & kept["b"]
    for part in (found.only_a, found.only_b, found.both):
        assert part.clips == len(part.clip_ids) == sum(part.labels.values())
        assert part.hours == pytest.approx(part.clips * 0.1 / 3600)
        assert set(part.labels) <= {"even", "odd"}


def test_against_everything_and_itself(views: Store) -> None:
    found = diff(views, "all", "a")
    assert (found.a, found.only_a.clips, found.only_b.clips, found.both.clips) == ("all", 12, 0, 8)
    same = diff(views, "a", "a")
    assert (same.only_a.clips, same.only_b.clips, same.both.clips) == (0, 0, 8)


def test_an_unknown_view(views: Store) -> None:
    with pytest.raises(NotFound, match="view 'c' does not exist"):
        diff(views, "a", "c")
