from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.pruning.selectors.base import medoid
from echodex.pruning.selectors.kcenter import KCenter

Matrix = NDArray[np.float32]
RNG = np.random.default_rng(0)


def distances(vectors: Matrix) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    return np.asarray(np.linalg.norm(wide[:, None] - wide[None], axis=-1))


def farthest(apart: NDArray[np.float64], first: int, worth: NDArray[np.float64] | float = 1.0) -> list[int]:
    """The farthest-point order, pick by pick, from the whole matrix of distances."""
    picks = [first]
    while len(picks) < len(apart):
        nearest = apart[:, picks].min(axis=1) * worth
        nearest[picks] = -1
        picks.append(int(nearest.argmax()))
    return picks


@pytest.mark.parametrize("m", [30, 200])
def test_each_pick_is_the_farthest_and_the_stop_is_by_coverage(blob: Callable[..., Matrix], m: int) -> None:
    vectors = blob(m)
    apart = distances(vectors)
    picks = farthest(apart, medoid(vectors))
    chosen = KCenter(eps=0.15).select(vectors, RNG)
    assert chosen.order.tolist() == picks
    lost = [apart[:, picks[:k]].min(axis=1).mean() for k in range(1, m + 1)]
    assert chosen.kept == next(k for k, now in enumerate(lost, start=1) if now <= 0.15 * lost[0])
    expected = [2.0] + [apart[picks[k], picks[:k]].min() for k in range(1, m)]
    assert chosen.gains == pytest.approx(np.array(expected), abs=1e-5)


def test_weights_multiply_distances_when_candidates_are_compared(blob: Callable[..., Matrix]) -> None:
    vectors = blob(40)
    weights = np.random.default_rng(1).uniform(0.5, 2, 40).astype(np.float32)
    picks = farthest(distances(vectors), medoid(vectors), weights.astype(np.float64))
    assert KCenter().select(vectors, RNG, weights).order.tolist() == picks


@given(seed=st.integers(0, 10_000), m=st.integers(1, 40), copies=st.integers(0, 10))
def test_eps_nests_and_zero_keeps_every_distinct_clip(seed: int, m: int, copies: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(size=6) + random.normal(size=(m, 6))
    copies = min(copies, m // 2)
    rows[m - copies :] = rows[:copies]
    vectors = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    results = [KCenter(eps=eps).select(vectors, RNG) for eps in (0.0, 0.1, 0.4, 1.0)]
    assert results[0].kept == m - copies
    assert [result.kept for result in results] == sorted((result.kept for result in results), reverse=True)
    assert results[-1].kept == 1
    assert all(result.order.tolist() == results[0].order.tolist() for result in results)
    assert sorted(results[0].order.tolist()) == list(range(m))


@pytest.mark.parametrize("compat", ["", "farthest", "mean_distance", "k_medoids", "dpp"])
def test_one_clip_and_identical_clips(compat: str) -> None:
    assert KCenter(compat=compat).select(np.array([[1.0, 0.0]], np.float32), RNG).kept == 1
    vectors = np.repeat(np.array([[0.6, 0.8]], np.float32), 4, axis=0)
    same = KCenter(eps=0.0, compat=compat).select(vectors, RNG)
    assert (same.kept, same.order.tolist()) == (1, [0, 1, 2, 3])


@pytest.mark.parametrize("settings", [{"eps": 2}, {"compat": "nearest"}])
def test_settings_are_checked(settings: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"eps|compat"):
        KCenter(**settings)  # type: ignore[arg-type]
