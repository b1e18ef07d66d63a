from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.pruning.coverage import coverage
from echodex.pruning.selectors.base import medoid
from echodex.pruning.selectors.facility import Facility

Matrix = NDArray[np.float32]
RNG = np.random.default_rng(0)


def objective(vectors: Matrix, chosen: list[int]) -> float:
    """F(S) straight from its definition, in float64."""
    wide = vectors.astype(np.float64)
    return float((wide @ wide[chosen].T).max(axis=1).mean())


def random_rows(seed: int, m: int, d: int) -> Matrix:
    random = np.random.default_rng(seed)
    rows = random.normal(size=d) + random.normal(size=(m, d))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_the_textbook_case_three_directions_need_three_clips() -> None:
    vectors = np.repeat(np.eye(3, dtype=np.float32), [3, 2, 1], axis=0)
    chosen = Facility(eps=0.0).select(vectors, RNG)
    assert chosen.order.tolist() == [0, 3, 5, 1, 2, 4]
    assert chosen.kept == 3
    assert chosen.gains == pytest.approx([3 / 6, 2 / 6, 1 / 6, 0, 0, 0])


def test_the_order_is_that_of_the_plain_greedy() -> None:
    vectors = random_rows(1, 40, 6)
    chosen = Facility().select(vectors, RNG).order.tolist()
    assert chosen[0] == medoid(vectors)
    for place in range(1, 40):
        best = max(objective(vectors, [*chosen[:place], row]) for row in range(40))
        assert objective(vectors, chosen[: place + 1]) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_greedy_is_near_the_best_possible(seed: int) -> None:
    vectors = np.abs(random_rows(seed, 9, 4))
    order = Facility().select(vectors, RNG).order.tolist()
    for size in range(1, 5):
        best = max(objective(vectors, list(chosen)) for chosen in combinations(range(9), size))
        assert objective(vectors, order[:size]) >= (1 - 1 / np.e) * best


def test_gains_add_up_to_the_objective_and_coverage_stops_at_eps(blob: Callable[..., Matrix]) -> None:
    vectors = blob(60)
    chosen = Facility(eps=0.1).select(vectors, RNG)
    for size in (1, 5, 30, 60):
        assert chosen.gains[:size].sum() == pytest.approx(objective(vectors, chosen.order[:size].tolist()), abs=1e-5)
    for size, enough in ((chosen.kept - 1, False), (chosen.kept, True)):
        kept = np.zeros(60, dtype=bool)
        kept[chosen.order[:size]] = True
        assert (coverage(vectors, kept) >= 0.9) == enough


@given(seed=st.integers(0, 10_000), m=st.integers(1, 40), d=st.integers(6, 9), copies=st.integers(0, 10))
def test_every_selection_keeps_its_promises(seed: int, m: int, d: int, copies: int) -> None:
    vectors = random_rows(seed, m, d)
    copies = min(copies, m // 2)
    vectors[m - copies :] = vectors[:copies]
    results = {eps: Facility(eps=eps).select(vectors, RNG) for eps in (0.0, 0.01, 0.1, 0.5, 1.0)}
    orders = [result.order.tolist() for result in results.values()]
    assert sorted(orders[0]) == list(range(m))
    assert all(order == orders[0] for order in orders), "one order holds every eps: the plans are nested"
    kept = [result.kept for result in results.values()]
    assert kept == sorted(kept, reverse=True), "smaller eps keeps at least as many"
    assert kept[-1] == 1
    assert kept[0] == m - copies, "eps = 0 keeps every distinct clip, and each once"
    for result in results.values():
        chosen = set(result.order[: result.kept].tolist())
        assert not any({row, m - copies + row} <= chosen for row in range(copies))


@pytest.mark.parametrize("m", [1, 2, 7])
def test_identical_clips_leave_one(m: int) -> None:
    vectors = np.repeat(random_rows(0, 1, 5), m, axis=0)
    for eps in (0.0, 0.3):
        chosen = Facility(eps=eps).select(vectors, RNG)
        assert (chosen.kept, chosen.order.tolist()) == (1, list(range(m)))


@pytest.mark.parametrize("eps", [-0.1, 1.5, float("nan")])
def test_eps_is_a_share(eps: float) -> None:
    with pytest.raises(UsageError, match="eps is the share of coverage"):
        Facility(eps=eps)


def test_weights_prefer_and_coverage_is_still_that_of_all(blob: Callable[..., Matrix]) -> None:
    vectors = blob(60)
    weights = np.ones(60, dtype=np.float32)
    weights[30:] = 100
    chosen = Facility(eps=0.2).select(vectors, RNG, weights)
    assert (chosen.order[1:30] >= 30).all(), "after the medoid, the heavy ones"
    kept = np.zeros(60, dtype=bool)
    kept[chosen.order[: chosen.kept]] = True
    assert coverage(vectors, kept) >= 0.8
