"""Pairs found against pairs planted, by hand and against a count written another way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.demo.score import DuplicateScore, pairs, score_duplicates


def test_by_hand() -> None:
    planted = [["a", "b", "c"], ["d", "e"]]  # ab ac bc de
    found = [["b", "a"], ["d", "e", "x"]]  # ab de dx ex
    assert score_duplicates(found, planted) == DuplicateScore(planted=4, found=4, recall=0.5, precision=0.5)


def test_all_and_nothing() -> None:
    planted = [["a", "b"], ["c", "d", "e"]]
    assert score_duplicates(planted, planted) == DuplicateScore(4, 4, 1.0, 1.0)
    assert score_duplicates([], planted) == DuplicateScore(4, 0, 0.0, None)
    assert score_duplicates([["a", "b"]], []) == DuplicateScore(0, 1, None, 0.0)


def test_without_the_truth_only_the_found_are_counted() -> None:
    assert score_duplicates([["a", "b", "c"]]) == DuplicateScore(None, 3, None, None)


def test_order_and_repetition_do_not_matter() -> None:
    assert pairs([["b", "a", "b"], ["a", "b"]]) == {("a", "b")}


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_against_a_count_over_all_pairs(found_in: list[int], planted_in: list[int]) -> None:
    n = min(len(found_in), len(planted_in))

    def groups(of: list[int]) -> list[list[str]]:
        return [[str(i) for i in range(n) if of[i] == g] for g in set(of[:n])]

    score = score_duplicates(groups(found_in), groups(planted_in))
    both = sum(found_in[i] == found_in[j] and planted_in[i] == planted_in[j] for i in range(n) for j in range(i))
    true = sum(planted_in[i] == planted_in[j] for i in range(n) for j in range(i))
    assert score.recall == (pytest.approx(both / true) if true else None)
