"""Label budgets: which of the train clips a probe may learn the labels of, where it may not learn all.

CLMR (Spijkervet and Burgoyne, 2021) reports heads taught with 1 % of the labels and more; so does `label_share`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .inputs import chance
from .labels import Labels
from .splits import rarest_label

_STREAM = "label budget"


def label_budget(labels: Labels, clip_ids: Sequence[str], share: float, seed: int) -> NDArray[np.int64]:
    """Return int64[k], sorted: the places in `clip_ids` of the round(share * n) clips (at least one) to be taught.

    First comes one clip of every class, as far as they go, the most frequent classes before the others; then as large a
    share of every label's clips as of any other's, each clip counted for its rarest label. Which clips is drawn by a
    hash of (seed, clip_id), so that a smaller share is part of every larger one and does not depend on the order.
    """
    n = len(clip_ids)
    count = max(1, round(share * n))
    if count >= n:
        return np.arange(n)
    hot = labels.hot[labels.rows(clip_ids)]
    luck = np.array([chance(seed, _STREAM, clip_id) for clip_id in clip_ids])
    turn = _turns(hot, np.argsort(luck, kind="stable"))
    strata = rarest_label(hot)
    order = np.lexsort((luck, turn, strata))
    _, first, counts = np.unique(strata[order], return_index=True, return_counts=True)
    place = np.empty(n)
    place[order] = (np.arange(n) - np.repeat(first, counts) + 0.5) / np.repeat(counts, counts)
    return np.sort(np.lexsort((luck, place, turn))[:count])


def _turns(hot: NDArray[np.bool_], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return int64[n]: 0, 1, ... for clips that between them have every class, the same larger number for the others.

    They are found from the rarest class on, each the first in `order` that has it, and numbered from the last found.
    """
    covered = np.zeros(hot.shape[1], np.bool_)
    chosen = []
    for column in np.argsort(hot.sum(axis=0), kind="stable"):
        if not covered[column] and hot[:, column].any():
            chosen.append(order[hot[order, column].argmax()])
            covered |= hot[chosen[-1]]
    turns = np.full(len(hot), len(chosen))
    turns[chosen[::-1]] = np.arange(len(chosen))
    return turns
