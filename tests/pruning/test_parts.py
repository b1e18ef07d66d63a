from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.errors import UsageError
from echodex.pruning import parts as module
from echodex.pruning.collapse import collapse
from echodex.pruning.parts import Parts, joined, near_clips, one_each
from echodex.pruning.wishes import no_wishes

Matrix = NDArray[np.float32]


def drawn(seed: int, sizes: list[int], shared: int = 0, d: int = 12) -> Parts:
    """Clips of so many random segments; each of `shared` times, a segment of one clip is put into another."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(sum(sizes), d))
    rows[random.integers(len(rows), size=shared)] = rows[random.integers(len(rows), size=shared)]
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Parts(rows.astype(np.float32), np.concatenate([[0], np.cumsum(sizes)]))


def segments_of(parts: Parts) -> list[NDArray[np.float64]]:
    return [rows.astype(np.float64) for rows in np.split(parts.matrix, parts.starts[1:-1])]


def table_of(parts: Parts) -> NDArray[np.float64]:
    """The score of each two clips, by definition."""
    clips = segments_of(parts)
    return np.array([[(one @ other.T).max() for other in clips] for one in clips])


SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=12)


@settings(max_examples=50)
@given(seed=st.integers(0, 999), sizes=SIZES, shared=st.integers(0, 8), min_score=st.sampled_from([0.5, 0.98, 1.0]))
def test_pairs_scores_and_nearest_are_those_of_the_best_segments(
    seed: int, sizes: list[int], shared: int, min_score: float
) -> None:
    parts = drawn(seed, sizes, shared)
    n, table = len(parts), table_of(parts)
    pairs = near_clips(parts, min_score)
    near = (table >= min_score - 1e-6) & ~np.eye(n, dtype=np.bool_)
    assert [pairs.near(clip).tolist() for clip in range(n)] == [np.flatnonzero(row).tolist() for row in near]
    assert pairs.counts.tolist() == near.sum(axis=1).tolist()
    one, other = np.divmod(np.arange(n * n), n)
    assert parts.scores(one, other) == pytest.approx(table.ravel(), abs=1e-5)
    backwards = np.arange(n)[::-1]
    rows, scores, within = parts.nearest(parts.take(backwards), min_score)
    assert scores == pytest.approx(table.max(axis=1), abs=1e-5)
    assert within.all(), "each is near itself"
    others = np.arange(n) > 0
    if others.any():
        _, _, within = parts.take(np.flatnonzero(~others)).nearest(parts.take(np.flatnonzero(others)), min_score)
        assert within.tolist() == [near[0].any()]
    assert table[np.arange(n), backwards[rows]] == pytest.approx(table.max(axis=1), abs=1e-5)


@settings(max_examples=50)
@given(seed=st.integers(0, 999), sizes=SIZES, shared=st.integers(0, 8), pins=st.integers(0, 3))
def test_what_is_left_shares_no_segment_and_every_copy_does_with_its_representative(
    seed: int, sizes: list[int], shared: int, pins: int
) -> None:
    parts = drawn(seed, sizes, shared)
    n, table = len(parts), table_of(parts)
    pinned = np.arange(n) < pins
    duplicate_of, recall = collapse(parts, np.zeros(n, np.int64), replace(no_wishes(n), pinned=pinned), 0.98)
    assert recall == 1
    alone = duplicate_of == np.arange(n)
    assert alone[pinned].all()
    assert (table[np.arange(n), duplicate_of] >= 0.98 - 1e-6).all()
    apart = table[np.ix_(alone & ~pinned, alone)]
    assert (apart >= 0.98).sum() == (alone & ~pinned).sum(), "only with themselves"


def test_an_excerpt_collapses_into_its_recording_though_the_means_are_apart() -> None:
    parts = drawn(0, [8, 1, 8])
    parts.matrix[8] = parts.matrix[5]
    means = one_each(np.stack([rows.mean(axis=0) for rows in segments_of(parts)]).astype(np.float32))
    prefer, wishes = np.zeros(3, np.int64), no_wishes(3)
    assert collapse(parts, prefer, wishes, 0.98)[0].tolist() == [0, 0, 2]
    assert collapse(means, prefer, wishes, 0.98)[0].tolist() == [0, 1, 2]


def test_one_part_each_is_the_rows_themselves() -> None:
    parts = drawn(1, [1] * 30, 10)
    assert parts.single
    assert parts.take(np.array([3, 1])).single
    assert (parts.take(np.array([3, 1])).matrix == parts.matrix[[3, 1]]).all()


def test_two_sets_of_clips_together() -> None:
    one, other = drawn(3, [2, 1]), drawn(4, [3, 1, 1])
    both = joined(one, other)
    assert [rows.tolist() for rows in segments_of(both)] == [
        rows.tolist() for rows in segments_of(one) + segments_of(other)
    ]


def test_segments_of_zeros_are_like_none() -> None:
    parts = Parts(np.zeros((4, 5), np.float32), np.array([0, 2, 4]))
    assert near_clips(parts, 0.5).counts.tolist() == [0, 0]


def test_a_segment_that_all_clips_share_is_said_before_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = drawn(2, [2] * 20)
    parts.matrix[::2] = parts.matrix[0]
    monkeypatch.setattr(module, "MAX_PAIRS", 380)
    assert near_clips(parts, 0.98).counts.tolist() == [19] * 20
    monkeypatch.setattr(module, "MAX_PAIRS", 379)
    with pytest.raises(UsageError, match="too many clips share a segment"):
        near_clips(parts, 0.98)
