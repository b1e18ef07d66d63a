from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from echodex.evaluation.curves import resampled_areas, row_areas


def example(seed: int, rows: int, m: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and scores of few levels, so that many are equal, and not as truth has it."""
    random = np.random.default_rng(seed)
    return random.random((rows, m)) < 0.4, (random.integers(0, levels, (rows, m)) / levels).astype(np.float32)


@given(st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 12))
def test_rows_as_scikit_learn_has_them(seed: int, m: int, levels: int) -> None:
    truth, scores = example(seed, 6, m, levels)
    roc, precision = row_areas(truth, scores)
    for row in range(6):
        if truth[row].any() and not truth[row].all():
            assert roc[row] == pytest.approx(roc_auc_score(truth[row], scores[row]))
            assert precision[row] == pytest.approx(average_precision_score(truth[row], scores[row]))
        else:
            assert np.isnan(roc[row])
            assert np.isnan(precision[row])


@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 12))
def test_resamples_as_scikit_learn_has_them_with_weights(seed: int, n: int, levels: int) -> None:
    truth, scores = (array[0] for array in example(seed, 1, n, levels))
    counts = np.random.default_rng(seed).integers(0, 3, (5, n), dtype=np.int32)
    roc, precision = resampled_areas(truth, scores, counts)
    for number, weights in enumerate(counts):
        drawn = np.repeat(np.arange(n), weights)
        if truth[drawn].any() and not truth[drawn].all():
            assert roc[number] == pytest.approx(roc_auc_score(truth[drawn], scores[drawn]))
            assert precision[number] == pytest.approx(average_precision_score(truth[drawn], scores[drawn]))
            assert roc[number] == pytest.approx(roc_auc_score(truth, scores, sample_weight=weights))
        else:
            assert np.isnan(roc[number])
            assert np.isnan(precision[number])


def test_each_drawn_once_is_the_whole() -> None:
    truth, scores = example(1, 4, 30, 7)
    roc, precision = row_areas(truth, scores)
    once = np.ones((1, 30), np.int32)
    for row in range(4):
        whole = resampled_areas(truth[row], scores[row], once)
        assert (whole[0][0], whole[1][0]) == (pytest.approx(roc[row]), pytest.approx(precision[row]))
