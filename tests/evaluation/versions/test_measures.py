from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.evaluation.versions.measures import RANKS, expected_precision, figure, measure


def test_the_published_example() -> None:
    found = measure(
        np.array([[0.1, 0.2, 0.3, 0.4, 0.5]], np.float32),
        np.array([[False, True, False, True, False]]),
        np.ones((1, 5), dtype=np.bool_),
    )
    assert found.average_precision.tolist() == [0.5]
    assert found.first_rank.tolist() == [2]
    assert found.arp.tolist() == pytest.approx([50])
    assert found.nar.tolist() == pytest.approx([50])
    assert found.by_rank[0].tolist() == [0.0, *[1.0] * (len(RANKS) - 1)]


def test_what_is_no_answer_does_not_stand_in_the_way_but_for_the_published_denominator() -> None:
    found = measure(
        np.array([[0.0, 0.1, 0.2, 0.3, 0.4, 0.5]], np.float32),
        np.array([[False, False, True, False, True, False]]),
        np.array([[False, True, True, True, True, True]]),
    )
    assert found.average_precision.tolist() == [0.5]
    assert found.first_rank.tolist() == [2]
    assert found.nar.tolist() == pytest.approx([50])
    assert found.arp.tolist() == pytest.approx([100 * (1 / 4 + 2 / 4) / 2])


def test_finding_all_alike_is_worth_nothing() -> None:
    right = np.array([[True, False, True, False]])
    found = measure(np.zeros((1, 4), np.float32), right, np.ones_like(right))
    assert (found.first_rank[0], found.nar[0]) == (3, 100)


@given(st.integers(2, 12), st.integers(0, 10_000))
def test_a_ranking_is_measured_as_the_definitions_say(n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    distances = random.permutation(n).astype(np.float32)[None]
    own = int(random.integers(n))
    answers = np.arange(n)[None] != own
    right = answers & (random.random((1, n)) < 0.4)
    right[0, (own + 1) % n] = True
    found = measure(distances, right, answers)
    order = [int(item) for item in np.argsort(distances[0]) if item != own]
    ranks = [place for place, item in enumerate(order, start=1) if right[0, item]]
    assert found.average_precision[0] == pytest.approx(np.mean([i / rank for i, rank in enumerate(ranks, start=1)]))
    assert found.first_rank[0] == ranks[0]
    wrong = len(order) - len(ranks)
    if wrong:
        assert found.nar[0] == pytest.approx(100 * np.mean([(r - i) / wrong for i, r in enumerate(ranks, start=1)]))


def test_chance_is_what_random_orders_reach() -> None:
    random = np.random.default_rng(0)
    right = np.zeros((20_000, 12), dtype=np.bool_)
    right[:, :3] = True
    found = measure(random.random(right.shape, np.float32), right, np.ones_like(right))
    assert found.chance[0] == pytest.approx(found.average_precision.mean(), abs=0.005)
    assert expected_precision(np.array([1.0, 4.0]), np.array([1.0, 4.0])).tolist() == pytest.approx([1, 1])


def test_intervals_are_the_published_ones() -> None:
    values = np.array([0.2, 0.4, 0.9])
    found = figure(values)
    assert found.mean == pytest.approx(0.5)
    assert found.n == 3
    assert found.half_width == pytest.approx(1.96 * np.std(values, ddof=1) / np.sqrt(3))
    assert figure(values[:1]).half_width is None
