from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from echodex.indexing.metric import Metric
from echodex.indexing.segment_sets.sets import Sets, sets_of, spans
from echodex.schemas.vector import SegmentRows


def sets(*sizes: int) -> Sets:
    """Clips of so many segments; every row has a number of its own."""
    total = sum(sizes)
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    starts = np.arange(total, dtype=np.float32)
    return Sets([f"c{number}" for number in range(len(sizes))], bounds, starts, starts[:, None] + np.float32(0.5))


def rows(found: Sets) -> dict[str, list[float]]:
    return {
        clip_id: found.starts_s[begin:end].tolist()
        for clip_id, (begin, end) in zip(found.clip_ids, pairwise(found.bounds.tolist()), strict=True)
    }


def test_segments_that_lie_clip_by_clip() -> None:
    ids = pa.array(["a", "a", "b", "b", "c"])
    starts, numbers = np.array([0, 5, 0, 5, 0], np.float32), np.array([0, 1, 0, 1, 0], np.int32)
    matrix = np.array([[3, 4], [0, 2], [1, 0], [0, 1], [5, 12]], np.float32)
    found = sets_of(SegmentRows(ids, numbers, starts, matrix), Metric.COSINE)
    assert (found.clip_ids, found.bounds.tolist()) == (["a", "b", "c"], [0, 2, 4, 5])
    np.testing.assert_allclose(np.linalg.norm(found.matrix, axis=1), 1, rtol=1e-6)
    assert sets_of(SegmentRows(ids[:0], numbers[:0], starts[:0], matrix[:0]), Metric.L2).bounds.tolist() == [0]


def test_parts_and_picks_keep_rows_with_their_clips() -> None:
    whole = sets(2, 1, 3, 2)
    assert rows(whole.part(1, 3)) == {"c1": [2], "c2": [3, 4, 5]}
    assert rows(whole.pick(np.array([3, 0]))) == {"c3": [6, 7], "c0": [0, 1]}
    assert len(whole.part(2, 2)) == len(whole.pick(np.array([], np.int64))) == 0
    for found in (whole.part(1, 4), whole.pick(np.array([2, 2, 1]))):
        np.testing.assert_array_equal(found.matrix[:, 0], found.starts_s + 0.5)
        padded, there = found.padded()
        assert padded[there][:, 0].tolist() == found.matrix[:, 0].tolist()


@given(st.lists(st.integers(1, 20), max_size=30), st.integers(1, 60))
def test_spans_cover_all_and_are_no_larger_than_said(sizes: list[int], most: int) -> None:
    cut = list(spans(np.array(sizes, np.int64), most))
    assert [place for span in cut for place in range(span.start, span.stop)] == list(range(len(sizes)))
    for span in cut:
        length = span.stop - span.start
        assert length == 1 or length * max(sizes[span]) <= most
        if span.stop < len(sizes):
            assert (length + 1) * max(sizes[span.start : span.stop + 1]) > most, "another one would have fitted"
