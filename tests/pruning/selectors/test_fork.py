"""The fork's readings against plain code on the whole matrix of distances, as its source has it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.pruning.selectors.kcenter import KCenter
from tests.pruning.selectors.test_kcenter import distances, farthest

Matrix = NDArray[np.float32]
RNG = np.random.default_rng(0)


def count(apart: NDArray[np.float64], eps: float) -> int:
    """How many clips the fork keeps: the first k of coverage at least 1 - eps."""
    picks = farthest(apart, int(apart.mean(axis=1).argmin()))
    covers = [1 - (apart[:, picks[:k]].min(axis=1) / apart.max()).mean() for k in range(1, len(apart) + 1)]
    return next(k for k, cover in enumerate(covers, start=1) if cover >= 1 - eps)


def pam_by_turns(apart: NDArray[np.float64], k: int) -> set[int]:
    """scikit-learn-extra's KMedoids(method="alternate", init="heuristic") from its description."""
    medoids = apart.sum(axis=1).argsort(kind="stable")[:k]
    for _ in range(300):
        owner = apart[medoids].argmin(axis=0)
        before = medoids.copy()
        for at in range(k):
            members = np.flatnonzero(owner == at)
            costs = apart[np.ix_(members, members)].sum(axis=1)
            if costs.min() < costs[members == medoids[at]][0]:
                medoids[at] = members[costs.argmin()]
        if (before == medoids).all():
            break
    return set(medoids.tolist())


@pytest.mark.parametrize("seed", range(3))
def test_farthest_keeps_the_clips_whose_coverage_was_measured(blob: Callable[..., Matrix], seed: int) -> None:
    vectors = blob(40, seed=seed)
    apart = distances(vectors)
    chosen = KCenter(eps=0.2, compat="farthest").select(vectors, RNG)
    assert chosen.order.tolist() == farthest(apart, int(apart.mean(axis=1).argmin()))
    assert chosen.kept == count(apart, 0.2)


@pytest.mark.parametrize("seed", range(3))
def test_the_other_readings_keep_as_many_but_others(blob: Callable[..., Matrix], seed: int) -> None:
    vectors = blob(60, seed=seed)
    apart = distances(vectors)
    found = {
        name: KCenter(eps=0.25, compat=name).select(vectors, RNG) for name in ("mean_distance", "dpp", "k_medoids")
    }
    assert {chosen.kept for chosen in found.values()} == {count(apart, 0.25)}
    assert found["mean_distance"].order.tolist() == (-apart.sum(axis=1)).argsort(kind="stable").tolist()
    assert found["dpp"].order.tolist() == farthest(apart, int(apart.sum(axis=1).argmax()))
    medoids = found["k_medoids"]
    assert set(medoids.order[: medoids.kept].tolist()) == pam_by_turns(apart, medoids.kept)
    assert sorted(medoids.order.tolist()) == list(range(60))


@pytest.mark.parametrize("compat", ["mean_distance", "dpp"])
def test_above_500_clips_the_fork_takes_medoids_whatever_was_asked_for(
    blob: Callable[..., Matrix], compat: str
) -> None:
    vectors = blob(501, d=4)
    asked, medoids = (KCenter(eps=0.3, compat=name).select(vectors, RNG) for name in (compat, "k_medoids"))
    assert asked.order.tolist() == medoids.order.tolist()
    fewer, others = (KCenter(eps=0.3, compat=name).select(vectors[:500], RNG) for name in (compat, "k_medoids"))
    assert fewer.order.tolist() != others.order.tolist()
