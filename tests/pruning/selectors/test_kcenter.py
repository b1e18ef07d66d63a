from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.pruning.selectors.kcenter import KCenter

Matrix = NDArray[np.float32]
RNG = np.random.default_rng(0)


def test_each_pick_is_the_farthest_and_the_stop_is_the_forks(blob: Callable[..., Matrix]) -> None:
    vectors = blob(30)
    wide = vectors.astype(np.float64)
    distances = np.linalg.norm(wide[:, None] - wide[None], axis=-1)
    picks = [int(distances.mean(axis=1).argmin())]
    while len(picks) < 30:
        nearest = distances[:, picks].min(axis=1)
        nearest[picks] = -1
        picks.append(int(nearest.argmax()))
    chosen = KCenter(eps=0.15).select(vectors, RNG)
    assert chosen.order.tolist() == picks
    cover = [1 - (distances[:, picks[:k]].min(axis=1) / distances.max()).mean() for k in range(1, 31)]
    assert chosen.kept == next(k for k, reached in enumerate(cover, start=1) if reached >= 0.85)


def test_eps_nests_and_zero_keeps_every_distinct_clip(blob: Callable[..., Matrix]) -> None:
    vectors = blob(40, copies=10)
    results = [KCenter(eps=eps).select(vectors, RNG) for eps in (0.0, 0.1, 0.4, 1.0)]
    assert results[0].kept == 30
    assert [result.kept for result in results] == sorted((result.kept for result in results), reverse=True)
    assert results[-1].kept == 1
    assert all(result.order.tolist() == results[0].order.tolist() for result in results)


def test_one_clip_and_identical_clips() -> None:
    assert KCenter().select(np.array([[1.0, 0.0]], np.float32), RNG).kept == 1
    same = KCenter(eps=0.0).select(np.repeat(np.array([[0.6, 0.8]], np.float32), 4, axis=0), RNG)
    assert (same.kept, same.order.tolist()) == (1, [0, 1, 2, 3])


def test_eps_is_a_share() -> None:
    with pytest.raises(UsageError, match="eps"):
        KCenter(eps=2)
