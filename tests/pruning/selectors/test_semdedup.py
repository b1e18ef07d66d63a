from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.pruning.selectors.semdedup import SemDeDup

Matrix = NDArray[np.float32]
RNG = np.random.default_rng(0)


def published(vectors: Matrix, eps: float) -> set[int]:
    """What the published code keeps of a cluster: no row with an earlier one above 1 - eps, hard examples first."""
    wide = vectors.astype(np.float64)
    order = (wide @ wide.mean(axis=0)).argsort(kind="stable")
    cosines = np.triu(wide[order] @ wide[order].T, k=1)
    return set(order[cosines.max(axis=0) <= 1 - eps].tolist())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("eps", [0.001, 0.02, 0.1, 0.3])
def test_every_eps_keeps_what_the_published_code_keeps(blob: Callable[..., Matrix], seed: int, eps: float) -> None:
    vectors = blob(80, d=8, seed=seed, copies=20, jitter=0.05)
    chosen = SemDeDup(eps=eps).select(vectors, RNG)
    assert set(chosen.order[: chosen.kept].tolist()) == published(vectors, eps)


def test_one_order_holds_every_eps_and_gains_fall(blob: Callable[..., Matrix]) -> None:
    vectors = blob(60, copies=15, jitter=0.02)
    results = [SemDeDup(eps=eps).select(vectors, RNG) for eps in (0.0, 0.01, 0.1, 0.5, 1.0)]
    assert all(result.order.tolist() == results[0].order.tolist() for result in results)
    assert (np.diff(results[0].gains) <= 0).all()
    assert [result.kept for result in results] == sorted((result.kept for result in results), reverse=True)
    assert results[0].kept == 60
    assert results[-1].kept >= 1


def test_of_alike_clips_the_least_similar_to_the_centroid_stays() -> None:
    rows = np.array([[1, 0.5, 0], [1, 0.52, 0], [1, 0, 0], [1, 0, 0.02]])
    vectors = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
    chosen = SemDeDup(eps=0.05).select(vectors, RNG)
    assert set(chosen.order[: chosen.kept].tolist()) == {1, 3}


def test_of_alike_clips_the_heaviest_stays(blob: Callable[..., Matrix]) -> None:
    vectors = blob(40, d=32, copies=20, jitter=0.001)
    weights = np.ones(40, dtype=np.float32)
    weights[5], weights[27] = 2, 3
    chosen = SemDeDup(eps=0.001).select(vectors, RNG, weights)
    kept = set(chosen.order[: chosen.kept].tolist())
    assert (len(kept), {5, 25} & kept, {7, 27} & kept) == (20, {5}, {27})


@pytest.mark.parametrize("m", [1, 3])
def test_identical_clips_leave_one(m: int) -> None:
    vectors = np.repeat(np.array([[0.6, 0.8]], np.float32), m, axis=0)
    assert SemDeDup().select(vectors, RNG).kept == 1
    assert SemDeDup(eps=0.0).select(vectors, RNG).kept == m


def test_eps_is_a_share() -> None:
    with pytest.raises(UsageError, match="eps"):
        SemDeDup(eps=-0.1)
