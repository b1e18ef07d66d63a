"""Duplicates that lie on two sides of a split: what a model was tested on, it may have been trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..indexing.groups.pairs import near_pairs
from ..indexing.near import ROUNDING
from .material import Leaked, Material
from .parts import Parts

OUTRIGHT = 1 << 30
"""Pairs of clips up to which splits are compared as they are. Of more, those near nothing at all are put aside first,
which takes a search for duplicates in the whole.
"""


@dataclass(frozen=True)
class Leak:
    """A clip of one split and its nearest clip of another, with their score: near enough to be duplicates."""

    clip_id: str
    split: str
    other: str
    other_split: str
    score: float


def find_leaks(
    clip_ids: Sequence[str], parts: Parts, splits: Sequence[str | None], first: str | None, min_score: float
) -> list[Leak]:
    """Return the clips with a duplicate (score at least `min_score`) in another split, each with the nearest one.

    parts: by which clips are compared; splits: of each clip (None: in no split, never a leak). Each pair of splits
    is looked at once, from the side of `first` (the pruned split), then in alphabetical order. Sorted by score,
    highest first.
    """
    names = sorted({split for split in splits if split}, key=lambda split: (split != first, split))
    rows = {name: np.array([row for row, split in enumerate(splits) if split == name]) for name in names}
    if len(rows) > 1 and len(splits) ** 2 > OUTRIGHT:
        near = _near_any(parts, min_score)
        rows = {name: own[near[own]] for name, own in rows.items()}
    leaks = []
    for position, name in enumerate(names[:-1]):
        others = np.concatenate([rows[other] for other in names[position + 1 :]])
        if not len(others) or not len(rows[name]):
            continue
        found, scores = parts.take(rows[name]).nearest(parts.take(others))
        for place in np.flatnonzero(scores >= min_score - ROUNDING):
            row, other = int(rows[name][place]), int(others[found[place]])
            leaks.append(Leak(clip_ids[row], name, clip_ids[other], str(splits[other]), float(scores[place])))
    return sorted(leaks, key=lambda leak: (-leak.score, leak.clip_id))


def _near_any(parts: Parts, min_score: float) -> NDArray[np.bool_]:
    """Return bool[n]: the clips with a part that is near some other part; all that leak are among them."""
    return np.asarray(np.logical_or.reduceat(near_pairs(parts.matrix, min_score).counts > 0, parts.starts[:-1]))


def leaks_of(material: Material, min_score: float) -> list[Leak]:
    """Return the leaks among all clips of the source that have a vector."""
    if len({split for split in material.splits if split}) < 2:
        return []
    rows = np.flatnonzero(material.has_vector)
    clip_ids = [material.clip_ids[row] for row in rows]
    splits = [material.splits[row] for row in rows]
    return find_leaks(clip_ids, material.parts(rows), splits, material.split, min_score)


def resolve(material: Material, policy: str, min_score: float) -> Material:
    """Return the material with the leaked clips of the pruned split as a policy of PruneConfig wants them.

    Raises UsageError naming the first leak ("error"), or where "keep-test" cannot tell which split is to lose them.
    """
    if policy == "report":
        return material
    leaks = leaks_of(material, min_score)
    if policy == "keep-test" and leaks and material.split is None:
        raise UsageError("leakage='keep-test' has to know which split loses its copies; name it with split")
    leaks = [leak for leak in leaks if material.split in (None, leak.split)]
    if leaks and policy == "error":
        worst = leaks[0]
        raise UsageError(
            f"{worst.clip_id} of {worst.split!r} has a duplicate in {worst.other_split!r}, {worst.other} at "
            f"{worst.score:.3f} ({len(leaks)} such clips); prune with leakage='keep-test' to leave them out"
        )
    place = {clip_id: row for row, clip_id in enumerate(material.clip_ids)}
    leaks = [leak for leak in leaks if not material.pinned[place[leak.clip_id]]]
    if len(leaks) == len(material.pool):
        raise UsageError(f"every clip of split {material.split!r} has a duplicate in another; nothing is left to prune")
    return material.without(
        Leaked(
            rows=np.array([place[leak.clip_id] for leak in leaks], dtype=np.int64),
            others=np.array([place[leak.other] for leak in leaks], dtype=np.int64),
            scores=np.array([leak.score for leak in leaks], dtype=np.float32),
        )
    )
