from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from echodex.evaluation.tag_scoring import Resampling, score

CLASSES = ("a", "b", "c", "d", "e")
RANDOM = np.random.default_rng(2)
TRUTH = RANDOM.random((80, 5)) < 0.3
SCORES = (RANDOM.random((80, 5)) + 0.3 * TRUTH).astype(np.float32)
TRUTH[:, 4] = False
TRUTH[:7] = False  # clips without a tag
TRUTH[7, :] = True
TRUTH[7, 4] = False


def test_by_tag_and_by_clip_as_scikit_learn_averages_them() -> None:
    found = score(TRUTH, SCORES, CLASSES, True, Resampling())
    some = TRUTH.any(axis=1)
    expected = {
        "ROC-AUC": roc_auc_score(TRUTH[:, :4], SCORES[:, :4], average="macro"),
        "PR-AUC": average_precision_score(TRUTH[:, :4], SCORES[:, :4], average="macro"),
        "clip ROC-AUC": roc_auc_score(TRUTH[some], SCORES[some], average="samples"),
        "clip PR-AUC": average_precision_score(TRUTH[some], SCORES[some], average="samples"),
    }
    assert found.metrics == pytest.approx(expected)
    assert (found.left_out, found.left_out_clips, found.bounds) == (("e",), int((~some).sum()), {})


def test_a_row_for_every_tag() -> None:
    rows = score(TRUTH, SCORES, CLASSES, True, Resampling()).rows
    assert [row.name for row in rows] == list(CLASSES)
    for column, row in enumerate(rows[:4]):
        assert row.positives == TRUTH[:, column].sum()
        assert row.roc_auc == pytest.approx(roc_auc_score(TRUTH[:, column], SCORES[:, column]))
        assert row.pr_auc == pytest.approx(average_precision_score(TRUTH[:, column], SCORES[:, column]))
        assert row.roc_auc_bounds is None
    assert (rows[4].positives, rows[4].roc_auc, rows[4].pr_auc) == (0, None, None)


def test_every_figure_has_its_interval() -> None:
    found = score(TRUTH, SCORES, CLASSES, True, Resampling(400, seed=1))
    again = score(TRUTH, SCORES, CLASSES, True, Resampling(400, seed=1))
    assert found == again
    assert found.bounds.keys() == found.metrics.keys()
    for key, value in found.metrics.items():
        assert found.bounds[key].low < value < found.bounds[key].high
    for row in found.rows[:4]:
        assert row.roc_auc_bounds is not None
        assert row.roc_auc is not None
        assert row.roc_auc_bounds.low < row.roc_auc < row.roc_auc_bounds.high
    assert found.rows[4].roc_auc_bounds is None


def test_single_label() -> None:
    truth = np.eye(5, dtype=bool)[RANDOM.integers(0, 5, 200)]
    scores = (RANDOM.random((200, 5)) + 0.5 * truth).astype(np.float32)
    found = score(truth, scores, CLASSES, False, Resampling(500))
    right = (scores.argmax(axis=1) == truth.argmax(axis=1)).mean()
    assert found.metrics == {"Accuracy": pytest.approx(right)}
    width = found.bounds["Accuracy"].high - found.bounds["Accuracy"].low
    assert width == pytest.approx(2 * 1.96 * np.sqrt(right * (1 - right) / 200), rel=0.15)  # the normal interval
    assert [row.positives for row in found.rows] == truth.sum(axis=0).tolist()
