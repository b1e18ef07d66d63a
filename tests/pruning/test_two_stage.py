"""Selecting in parts and then among what they keep: nothing lost, and not far from one greedy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.pruning import two_stage
from echodex.pruning.members import Members
from echodex.pruning.selecting import select
from echodex.pruning.selectors.base import Selection
from echodex.pruning.selectors.facility import Facility
from echodex.pruning.selectors.kcenter import KCenter
from echodex.pruning.two_stage import is_giant, joined, kept_of, parts_of


def unit(n: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    rows = random.standard_normal((8, 6))[random.integers(8, size=n)] + 0.4 * random.standard_normal((n, 6))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def cluster(rows: np.ndarray, **told: object) -> Members:
    plain = {"label": 3, "weights": None, "rng": np.random.default_rng(0), "by_policy": False}
    return Members(rows=rows, layers=np.zeros(len(rows), np.int64), **{**plain, **told})  # type: ignore[arg-type]


def in_two_stages(matrix: np.ndarray, members: Members, selector: Facility) -> tuple[Selection, list[Members]]:
    parts = parts_of(members)
    found = [select(matrix[part.rows], part, selector, "keep") for part in parts]
    union = kept_of(members, parts, found)
    second = union, select(matrix[union.rows], union, selector, "keep")
    return joined(members, parts, found, second), parts


def worth(matrix: np.ndarray, picks: np.ndarray) -> float:
    """(1 + F) / 2, which is never below 0: F is the mean of the highest cosine to a pick."""
    return float((1 + (matrix @ matrix[picks].T).max(axis=1).mean()) / 2)


@given(n=st.integers(30, 120), seed=st.integers(0, 99), eps=st.sampled_from([0.0, 0.05, 0.3]))
def test_every_clip_is_ranked_once_and_the_best_come_first(n: int, seed: int, eps: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_stage, "GIANT_ROWS", 25)
        matrix = unit(2 * n, seed)
        members = cluster(np.arange(0, 2 * n, 2))
        found, parts = in_two_stages(matrix, members, Facility(eps))
    assert sorted(np.concatenate([part.rows for part in parts]).tolist()) == members.rows.tolist()
    assert max(len(part.rows) for part in parts) <= 25
    assert sorted(found.order.tolist()) == list(range(n))
    assert len(found.gains) == n
    assert 0 < found.kept <= n
    own = matrix[members.rows]
    whole = Facility(eps).select(own, np.random.default_rng(0))
    least = min(int(np.sum(np.isin(members.rows[found.order[: found.kept]], part.rows))) for part in parts)
    for k in range(1, least + 1):
        bound = (1 - 1 / np.e) ** 2 / min(k, len(parts))
        assert worth(own, found.order[:k]) >= bound * worth(own, whole.order[:k])
    assert worth(own, found.order[: found.kept]) >= 0.95 * worth(own, whole.order[: whole.kept])


def test_only_large_clusters_of_facility_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_stage, "GIANT_ROWS", 50)
    large, small = cluster(np.arange(51)), cluster(np.arange(50))
    assert is_giant(large, Facility())
    assert not is_giant(small, Facility())
    assert not is_giant(large, KCenter())
    assert not is_giant(cluster(np.arange(51), by_policy=True), Facility())
