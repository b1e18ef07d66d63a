from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import jensenshannon

from echodex.errors import UsageError
from echodex.pruning.selectors.jsd import JSD
from echodex.pruning.selectors.jsd_cut import jensen_shannon

Matrix = NDArray[np.float32]
RNG = np.random.default_rng(0)
TS = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)


def distribution(random: np.random.Generator, bins: int) -> NDArray[np.float64]:
    weights = random.random(bins) * (random.random(bins) > 0.3)
    weights[0] += 0.1
    return np.asarray(weights / weights.sum())


def by_definition(vectors: Matrix, t: float, bins: int) -> tuple[list[int], int]:
    """Order and cut, written straight from the definition with scipy's divergence."""
    wide = np.minimum((vectors @ vectors.T).astype(np.float64), 1)
    wide[wide > 1 - 1e-6] = 1
    m = len(vectors)
    above = np.triu_indices(m, 1)
    edges = (wide[above].min(), wide[above].max())

    def histogram(rows: list[int]) -> NDArray[np.float64]:
        inside = wide[np.ix_(rows, rows)][np.triu_indices(len(rows), 1)]
        return np.asarray(np.histogram(inside, bins=bins, range=edges)[0] / max(len(inside), 1))

    left, gone = list(range(m)), []
    target = (1 - t) * histogram(left) + t / bins
    divergences = {m: jensenshannon(histogram(left), target, base=2) ** 2}
    while len(left) > 1:
        pairs = [(wide[i, j], -i, -j) for i in left for j in left if i < j]
        _, i, j = max(pairs)
        totals = {row: sum(wide[row, other] for other in left if other != row) for row in (-i, -j)}
        out = max(totals, key=lambda row: (totals[row], row))
        left.remove(out)
        gone.append(out)
        if len(left) > 1:
            divergences[len(left)] = jensenshannon(histogram(left), target, base=2) ** 2
    return left + gone[::-1], min(divergences, key=lambda size: (divergences[size], -size))


@pytest.mark.parametrize("seed", range(10))
def test_divergence_equals_scipy(seed: int) -> None:
    random = np.random.default_rng(seed)
    p, q = distribution(random, 32), distribution(random, 32)
    assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-12)
    assert jensen_shannon(p, q) == pytest.approx(float(jensen_shannon(q, p)))
    assert jensen_shannon(p, p) == pytest.approx(0, abs=1e-12)


def test_divergence_is_one_bit_where_nothing_is_shared() -> None:
    assert jensen_shannon(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(4))
def test_order_and_cut_equal_the_definition(blob: Callable[..., Matrix], seed: int) -> None:
    vectors = blob(24, d=5, seed=seed)
    order, kept = by_definition(vectors, 0.01, 8)
    chosen = JSD(t=0.01, bins=8).select(vectors, RNG)
    assert chosen.order.tolist() == order
    assert chosen.kept == kept
    cuts = [by_definition(vectors, step / 100, 8)[1] for step in range(1, 31)]
    assert JSD(t=0.3, bins=8).select(vectors, RNG).kept == min(cuts)


def test_the_gain_is_the_distance_to_the_nearest_clip_before(blob: Callable[..., Matrix]) -> None:
    vectors = blob(20)
    chosen = JSD().select(vectors, RNG)
    assert chosen.gains[0] == 1
    for place in range(1, 20):
        before = vectors[chosen.order[:place]] @ vectors[chosen.order[place]]
        assert chosen.gains[place] == pytest.approx(1 - before.max(), abs=1e-5)


def test_copies_are_the_first_to_go(blob: Callable[..., Matrix]) -> None:
    vectors = blob(120, copies=30, jitter=0.01)
    removed = set(JSD().select(vectors, RNG).order[-30:].tolist())
    assert all(len({row, 90 + row} & removed) == 1 for row in range(30))


@given(seed=st.integers(0, 10_000), m=st.integers(1, 40), d=st.integers(2, 6))
def test_larger_t_removes_at_least_as_much_and_none_removes_nothing(seed: int, m: int, d: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(size=d) + random.normal(size=(m, d))
    vectors = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    results = [JSD(t=t).select(vectors, RNG) for t in TS]
    kept = [result.kept for result in results]
    assert kept[0] == m
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] >= min(m, 2)
    assert all(result.order.tolist() == results[0].order.tolist() for result in results)
    assert sorted(results[0].order.tolist()) == list(range(m))


@pytest.mark.parametrize(("m", "t", "kept"), [(1, 1.0, 1), (2, 1.0, 2), (3, 1.0, 1), (9, 0.01, 1), (9, 0.0, 9)])
def test_identical_clips_leave_one_but_tiny_clusters_stay(m: int, t: float, kept: int) -> None:
    vectors = np.repeat(np.array([[0.6, 0.8]], dtype=np.float32), m, axis=0)
    chosen = JSD(t=t).select(vectors, RNG)
    assert (chosen.kept, sorted(chosen.order.tolist())) == (kept, list(range(m)))


def test_clips_all_equally_far_apart_are_kept() -> None:
    assert JSD(t=1.0).select(np.eye(5, dtype=np.float32), RNG).kept == 5


@pytest.mark.parametrize("settings", [{"t": -0.1}, {"t": 1.1}, {"bins": 1}, {"bins": 300}])
def test_settings_are_checked(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        JSD(**settings)  # type: ignore[arg-type]


def test_of_the_closest_pair_the_lighter_leaves(blob: Callable[..., Matrix]) -> None:
    vectors = blob(40, d=32, copies=20, jitter=0.01)
    weights = np.repeat(np.array([1, 2], np.float32), 20)
    assert set(JSD().select(vectors, RNG, weights).order[-20:].tolist()) == set(range(20))
