"""The figures of the tagging protocol: macro ROC-AUC and PR-AUC for multi-label, accuracy for single label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.vector import Float32

ROC_AUC, PR_AUC, ACCURACY = "ROC-AUC", "PR-AUC", "Accuracy"
"""Keys as CLMR prints them."""


@dataclass(frozen=True)
class TagScores:
    """metrics: by key; left_out: classes that took no part, because all or none of the clips have them."""

    metrics: dict[str, float]
    left_out: tuple[str, ...] = ()


def tag_scores(
    truth: NDArray[np.bool_], probabilities: Float32, classes: Sequence[str], multi_label: bool
) -> TagScores:
    """Score float32[n, c] probabilities against bool[n, c] truth.

    Multi-label: the mean over classes of the area under the ROC curve and of average precision. A class that all or
    none of the n clips have has neither, and is left out. Single label: the share of clips whose most probable class is
    theirs. Raises UsageError where nothing can be scored.
    """
    if not len(truth):
        raise UsageError("there are no clips to evaluate on")
    if not multi_label:
        return TagScores({ACCURACY: float(truth[np.arange(len(truth)), probabilities.argmax(axis=1)].mean())})
    from sklearn.metrics import average_precision_score, roc_auc_score

    both = np.asarray(truth.any(axis=0) & ~truth.all(axis=0))
    if not both.any():
        raise UsageError(f"of the {len(truth)} clips, all or none have each label: no area under a curve is defined")
    truth, probabilities = truth[:, both], probabilities[:, both]
    roc = float(roc_auc_score(truth, probabilities, average="macro"))
    precision = float(average_precision_score(truth, probabilities, average="macro"))
    left_out = tuple(name for name, used in zip(classes, both, strict=True) if not used)
    return TagScores({ROC_AUC: roc, PR_AUC: precision}, left_out)
