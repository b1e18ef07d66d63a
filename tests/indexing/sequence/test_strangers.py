from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from echodex.indexing.sequence.strangers import PLACE, elsewhere, stranger_depth, stranger_levels


def by_hand(clips: list[int], scores: list[float], cohort: int) -> float:
    met: list[int] = []
    for clip, score in zip(clips, scores, strict=True):
        if clip >= 0 and clip not in met:
            met.append(clip)
            if len(met) == cohort:
                return score
    return -1.0


@given(seed=st.integers(0, 1000), k=st.integers(1, 30), known=st.integers(1, 12), cohort=st.integers(1, 8))
def test_the_level_is_that_of_the_nth_clip(seed: int, k: int, known: int, cohort: int) -> None:
    random = np.random.default_rng(seed)
    clips = random.integers(-1, known, (5, k))
    scores = -np.sort(-random.random((5, k)).astype(np.float32), axis=1)
    found = stranger_levels(clips, scores, cohort)
    assert found.tolist() == [by_hand(*line, cohort) for line in zip(clips.tolist(), scores.tolist(), strict=True)]


def test_without_a_cohort_nothing_is_common() -> None:
    assert stranger_levels(np.arange(10)[None], np.ones((1, 10), np.float32), 0).tolist() == [-1.0]
    assert stranger_levels(np.empty((2, 0), np.int64), np.empty((2, 0), np.float32), 4).tolist() == [-1.0, -1.0]
    assert stranger_depth(0) == 0


def test_elsewhere_leaves_out_the_place() -> None:
    random = np.random.default_rng(0)
    queries, clip = (random.standard_normal((count, 8)).astype(np.float32) for count in (3, 20))
    expected = np.sort(queries @ clip.T, axis=1)[:, -PLACE - 1]
    assert elsewhere(queries, clip).tolist() == expected.tolist()
    assert elsewhere(queries, clip[:PLACE]).tolist() == [2.0] * 3
