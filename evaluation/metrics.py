"""The figures of the tagging protocol: areas under curves by tag and by clip, or accuracy where a clip has one label.

By tag: how well the clips are ranked for each tag, averaged over tags; the ROC-AUC and PR-AUC that are published. By
clip: how well the tags are ranked for each clip, averaged over clips; frequent tags make it higher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.vector import Float32
from .curves import row_areas

ROC_AUC, PR_AUC, ACCURACY = "ROC-AUC", "PR-AUC", "Accuracy"
"""Keys as CLMR prints them."""

CLIP_ROC_AUC, CLIP_PR_AUC = "clip ROC-AUC", "clip PR-AUC"


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
        return TagScores({ACCURACY: float(hits(truth, probabilities).mean())})
    roc, precision = row_areas(truth.T, probabilities.T)
    defined = ~np.isnan(roc)
    if not defined.any():
        raise UsageError(f"of the {len(truth)} clips, all or none have each label: no area under a curve is defined")
    left_out = tuple(name for name, used in zip(classes, defined, strict=True) if not used)
    return TagScores({ROC_AUC: float(roc[defined].mean()), PR_AUC: float(precision[defined].mean())}, left_out)


def hits(truth: NDArray[np.bool_], probabilities: Float32) -> NDArray[np.float64]:
    """Return float64[n]: 1 for each clip whose most probable class is one of its own, else 0."""
    right = truth[np.arange(len(truth)), probabilities.argmax(axis=1)]
    return np.asarray(right, dtype=np.float64)
