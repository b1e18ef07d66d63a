"""Duplicates that lie on two sides of a split: what a model was tested on, it may have been trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..indexing.groups.pairs import near_pairs
from ..schemas.view import Kept
from .apart import Apart
from .material import LeftOut, Material
from .parts import Parts, joined

Mask = NDArray[np.bool_]

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


@dataclass(frozen=True)
class Leaks:
    """The leaks of a source, found when they are first asked for, and once for all budgets of a plan.

    min_score: from which clips are duplicates, 0 where none are looked for; apart: of the clips of the source and those
    beyond, which leak nothing to each other, None where nothing bars a leak.
    """

    material: Material
    min_score: float
    apart: Apart | None = None

    @cached_property
    def found(self) -> tuple[Leak, ...]:
        """All leaks, whatever is kept."""
        return tuple(self._of(None))

    def kept(self, kept: Mask) -> tuple[Leak, ...]:
        """Return the leaks that a view has which keeps these clips of the source (bool[n]).

        Of a pair only the side of the pruned split can be missing. Where every split is pruned, the nearest clip of
        another split may be gone and the next one kept, so that they are looked for anew.
        """
        if self.material.split is None:
            return tuple(self._of(kept))
        left = {self.material.clip_ids[row] for row in np.flatnonzero(kept).tolist()}
        return tuple(leak for leak in self.found if leak.clip_id in left)

    def _of(self, kept: Mask | None) -> list[Leak]:
        """Return the leaks of the clips of the source that have a vector (of those `kept`, bool[n]) to each other, and
        to what other splits of the store hold beyond it.
        """
        material, beyond = self.material, self.material.beyond
        if self.min_score == 0 or len({split for split in (*material.splits, *beyond.splits) if split}) < 2:
            return []
        rows = np.flatnonzero(material.has_vector if kept is None else material.has_vector & kept)
        clip_ids = [material.clip_ids[row] for row in rows] + beyond.clip_ids
        splits = [material.splits[row] for row in rows] + beyond.splits
        parts = joined(material.parts(rows), beyond.parts) if len(beyond) else material.parts(rows)
        asked = np.arange(len(clip_ids)) < len(rows)
        among = np.concatenate([rows, len(material) + np.arange(len(beyond))])
        apart = self.apart and self.apart.take(among)
        return find_leaks(clip_ids, parts, splits, material.split, self.min_score, asked, apart)


def find_leaks(
    clip_ids: Sequence[str],
    parts: Parts,
    splits: Sequence[str | None],
    first: str | None,
    min_score: float,
    asked: Mask | None = None,
    apart: Apart | None = None,
) -> list[Leak]:
    """Return the clips with a duplicate (score at least `min_score`) in another split, each with the nearest one.

    parts: by which clips are compared; splits: of each clip (None: in no split, never a leak); asked: bool[n], whose
    leaks are wanted, None for all; apart: as of Leaks, of these clips. Each pair of splits is looked at once, from the
    side of `first` (the pruned split), then in alphabetical order; clips that are not asked for are looked at from the
    other side alone. Sorted by score, highest first. Of more than a million clips or so, near_pairs may miss a few,
    which its recall would tell.
    """
    names = sorted({split for split in splits if split}, key=lambda split: (split != first, split))
    rows = {name: np.array([row for row, split in enumerate(splits) if split == name]) for name in names}
    if len(rows) > 1 and len(splits) ** 2 > OUTRIGHT:
        near = _near_any(parts, min_score)
        rows = {name: own[near[own]] for name, own in rows.items()}
    asked = np.ones(len(splits), dtype=np.bool_) if asked is None else asked
    leaks = []
    for position, name in enumerate(names):
        own = rows[name][asked[rows[name]]]
        before = [rows[other][~asked[rows[other]]] for other in names[:position]]
        others = np.concatenate([*(rows[other] for other in names[position + 1 :]), *before, own[:0]])
        if not len(others) or not len(own):
            continue
        barred = None if apart is None else apart.barred(own, others)
        found, scores, near = parts.take(own).nearest(parts.take(others), min_score, barred)
        for place in np.flatnonzero(near):
            row, other = int(own[place]), int(others[found[place]])
            leaks.append(Leak(clip_ids[row], name, clip_ids[other], str(splits[other]), float(scores[place])))
    return sorted(leaks, key=lambda leak: (-leak.score, leak.clip_id))


def _near_any(parts: Parts, min_score: float) -> Mask:
    """Return bool[n]: the clips with a part that is near some other part; all that leak are among them."""
    return np.asarray(np.logical_or.reduceat(near_pairs(parts.matrix, min_score).counts > 0, parts.starts[:-1]))


def resolve(leaks: Leaks, policy: str) -> Material:
    """Return the material with the leaked clips of the pruned split as a policy of PruneConfig wants them.

    Raises UsageError naming the first leak ("error"), or where "keep-test" cannot tell which split is to lose them.
    """
    material = leaks.material
    if policy == "report":
        return material
    if policy == "keep-test" and leaks.found and material.split is None:
        raise UsageError("leakage='keep-test' has to know which split loses its copies; name it with split")
    own = [leak for leak in leaks.found if material.split in (None, leak.split)]
    if own and policy == "error":
        worst = own[0]
        raise UsageError(
            f"{worst.clip_id} of {worst.split!r} has a duplicate in {worst.other_split!r}, {worst.other} at "
            f"{worst.score:.3f} ({len(own)} such clips); prune with leakage='keep-test' to leave them out"
        )
    place = {clip_id: row for row, clip_id in enumerate(material.clip_ids)}
    own = [leak for leak in own if not material.pinned[place[leak.clip_id]]]
    if len(own) == len(material.pool):
        raise UsageError(f"every clip of split {material.split!r} has a duplicate in another; nothing is left to prune")
    return material.without(
        LeftOut(
            rows=np.array([place[leak.clip_id] for leak in own], dtype=np.int64),
            reasons=(Kept.LEAKAGE.value,) * len(own),
            others=tuple(leak.other for leak in own),
            scores=np.array([leak.score for leak in own], dtype=np.float32),
        )
    )
