from __future__ import annotations

import numpy as np
import pytest

from echodex.errors import UsageError
from echodex.evaluation.metrics import tag_scores

CLASSES = ("a", "b", "c", "d")


def test_by_hand() -> None:
    """a: ranked right, b: one pair of four wrong, c and d: on no clip and on every clip."""
    truth = np.array([[1, 1, 0, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 1]], dtype=bool)
    scores = np.array([[0.9, 0.9, 0.1, 0.2], [0.8, 0.7, 0.1, 0.2], [0.2, 0.6, 0.1, 0.2], [0.1, 0.1, 0.1, 0.2]])
    found = tag_scores(truth, scores.astype(np.float32), CLASSES, True)
    assert found.left_out == ("c", "d")
    assert found.metrics["ROC-AUC"] == pytest.approx((1 + 0.75) / 2)
    assert found.metrics["PR-AUC"] == pytest.approx((1 + (1 + 2 / 3) / 2) / 2)


def test_roc_auc_is_the_share_of_pairs_in_order() -> None:
    random = np.random.default_rng(0)
    truth = random.random((200, 3)) < 0.3
    scores = (random.random((200, 3)) + 0.3 * truth).astype(np.float32)
    pairs = []
    for column in range(3):
        yes, no = scores[truth[:, column], column], scores[~truth[:, column], column]
        pairs.append((yes[:, None] > no[None, :]).mean())
    assert tag_scores(truth, scores, CLASSES[:3], True).metrics["ROC-AUC"] == pytest.approx(np.mean(pairs))


def test_accuracy() -> None:
    truth = np.eye(4, dtype=bool)
    scores = np.eye(4, dtype=np.float32)
    scores[3] = [0.5, 0.1, 0.1, 0.3]
    assert tag_scores(truth, scores, CLASSES, False).metrics == {"Accuracy": 0.75}


def test_nothing_to_score() -> None:
    with pytest.raises(UsageError, match="no clips"):
        tag_scores(np.empty((0, 2), bool), np.empty((0, 2), np.float32), CLASSES[:2], True)
    with pytest.raises(UsageError, match="all or none"):
        tag_scores(np.ones((3, 2), bool), np.ones((3, 2), np.float32), CLASSES[:2], True)
