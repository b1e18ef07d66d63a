"""Duplicates that lie on two sides of a split: what a model was tested on, it may have been trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..indexing.near import ROUNDING
from ..schemas.vector import Float32
from .coverage import nearest


@dataclass(frozen=True)
class Leak:
    """A clip of one split and its nearest clip of another, with their cosine: near enough to be duplicates."""

    clip_id: str
    split: str
    other: str
    other_split: str
    score: float


def find_leaks(
    clip_ids: Sequence[str], matrix: Float32, splits: Sequence[str | None], first: str | None, min_score: float
) -> list[Leak]:
    """Return the clips with a duplicate (cosine at least `min_score`) in another split, each with the nearest one.

    matrix: float32[n, d], L2-normalised; splits: of each clip (None: in no split, never a leak). Each pair of splits
    is looked at once, from the side of `first` (the pruned split), then in alphabetical order. Sorted by score,
    highest first.
    """
    names = sorted({split for split in splits if split}, key=lambda split: (split != first, split))
    rows = {name: np.array([row for row, split in enumerate(splits) if split == name]) for name in names}
    leaks = []
    for position, name in enumerate(names[:-1]):
        others = np.concatenate([rows[other] for other in names[position + 1 :]])
        found, scores = nearest(matrix[rows[name]], matrix[others])
        for place in np.flatnonzero(scores >= min_score - ROUNDING):
            row, other = int(rows[name][place]), int(others[found[place]])
            leaks.append(Leak(clip_ids[row], name, clip_ids[other], str(splits[other]), float(scores[place])))
    return sorted(leaks, key=lambda leak: (-leak.score, leak.clip_id))
