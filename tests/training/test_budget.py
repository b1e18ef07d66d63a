from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.training.budget import label_budget
from echodex.training.labels import Labels


def labels_of(hot: np.ndarray, *, multi_label: bool = True) -> Labels:
    names = np.array([f"clip{number:05}" for number in range(len(hot))])
    return Labels(names, tuple(f"c{number}" for number in range(hot.shape[1])), hot, multi_label)


def some_labels(seed: int, n: int, classes: int) -> Labels:
    random = np.random.default_rng(seed)
    return labels_of(random.random((n, classes)) < random.uniform(0.01, 0.5, classes))


@given(st.integers(0, 10**6), st.integers(1, 200), st.floats(0.001, 1), st.integers(0, 5))
def test_the_count_and_the_smaller_in_the_larger(seed: int, n: int, share: float, draw: int) -> None:
    labels = some_labels(seed, n, 6)
    ids = labels.clip_ids.tolist()
    chosen = label_budget(labels, ids, share, draw)
    assert len(chosen) == len(set(chosen.tolist())) == max(1, round(share * n))
    assert chosen.tolist() == sorted(chosen.tolist())
    smaller = label_budget(labels, ids, share / 2, draw)
    assert set(smaller.tolist()) <= set(chosen.tolist())


@given(st.integers(0, 10**6), st.integers(60, 200))
def test_every_class_has_a_clip_where_that_can_be(seed: int, n: int) -> None:
    labels = some_labels(seed, n, 6)
    chosen = label_budget(labels, labels.clip_ids.tolist(), 6 / n, 0)  # as many clips as classes
    assert (labels.hot[chosen].any(axis=0) == labels.hot.any(axis=0)).all()


def test_single_label_shares_are_even() -> None:
    hot = np.eye(3, dtype=bool)[np.repeat([0, 1, 2], [600, 300, 100])]
    chosen = label_budget(labels_of(hot, multi_label=False), [f"clip{k:05}" for k in range(1000)], 0.1, 7)
    assert hot[chosen].sum(axis=0).tolist() == [60, 30, 10]


def test_one_per_cent_of_many_rare_classes() -> None:
    """30 of 3000 clips, 2 of each of 20 classes and the others of one: all 20 are there once, the rest of the one."""
    hot = np.eye(21, dtype=bool)[np.concatenate([np.zeros(2960, int), np.repeat(np.arange(1, 21), 2)])]
    chosen = label_budget(labels_of(hot, multi_label=False), [f"clip{k:05}" for k in range(3000)], 0.01, 0)
    assert hot[chosen].sum(axis=0).tolist() == [10, *[1] * 20]


def test_where_not_every_class_can_be_the_frequent_ones_are() -> None:
    hot = np.eye(4, dtype=bool)[np.repeat([0, 1, 2, 3], [40, 30, 20, 10])]
    chosen = label_budget(labels_of(hot, multi_label=False), [f"clip{k:05}" for k in range(100)], 0.02, 0)
    assert hot[chosen].sum(axis=0).tolist() == [1, 1, 0, 0]


def test_untagged_clips_are_taught_too() -> None:
    hot = np.zeros((100, 1), bool)
    hot[:50] = True
    chosen = label_budget(labels_of(hot), [f"clip{k:05}" for k in range(100)], 0.2, 0)
    assert hot[chosen].sum() == 10


def test_seeds_draw_others_and_the_order_of_the_store_does_not_matter() -> None:
    labels = some_labels(3, 500, 5)
    ids = labels.clip_ids.tolist()
    first = label_budget(labels, ids, 0.1, 0)
    assert not np.array_equal(first, label_budget(labels, ids, 0.1, 1))
    part = label_budget(labels, ids[100:], 0.1, 0)
    assert len(part) == 40
    more = labels_of(np.concatenate([labels.hot, labels.hot]))
    again = label_budget(more, ids, 0.1, 0)
    assert np.array_equal(first, again)


@pytest.mark.parametrize("share", [0.01, 1.0])
def test_nothing_to_teach(share: float) -> None:
    assert label_budget(some_labels(0, 10, 2), [], share, 0).tolist() == []
