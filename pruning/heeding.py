"""What people decided about clips, as far as it concerns those of a plan.

A clip that was pinned is kept as one that the plan itself pins. Two that were said to be distinct are no duplicates of
each other, within the pruned split or across splits; both may still be duplicates of a third, and a selector may choose
one of them for both. A chosen representative stands for what is near it, unless a pinned clip, or one that was chosen
after it, does; and of its work it is the one that stays, where only one may. A decision about a clip that the plan does
not look at does not count.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..indexing.groups.distinct import distinct_rows, rows_among
from ..indexing.groups.turns import turns_of
from ..schemas.decision import Decided
from .material import Material


def heed(material: Material, said: Decided) -> Material:
    """Return the material with what was decided about its clips, and, of pairs, about those beyond it; `decided` of it
    is the part of `said` that counts.
    """
    if not said:
        return material
    n, clip_ids = len(material), material.clip_ids
    pinned, chosen = (rows_among(clip_ids, ids) for ids in (said.pinned, said.representatives))
    pairs = [clip_id for pair in said.distinct for clip_id in pair]
    own, other = rows_among(clip_ids, pairs), rows_among(material.beyond.clip_ids, pairs)
    rows = np.where(own < 0, np.where(other < 0, -1, n + other), own).reshape(-1, 2)
    counts = np.flatnonzero((rows >= 0).all(axis=1))
    decided = Decided(
        tuple(clip_id for clip_id, row in zip(said.pinned, pinned, strict=True) if row >= 0),
        tuple(said.distinct[at] for at in counts.tolist()),
        tuple(clip_id for clip_id, row in zip(said.representatives, chosen, strict=True) if row >= 0),
    )
    return replace(
        material,
        decided=decided,
        pinned=material.pinned | np.isin(np.arange(n), pinned),
        distinct=distinct_rows(n + len(material.beyond), rows[counts]) if len(counts) else None,
        turns=turns_of(clip_ids, decided) if decided.representatives else None,
    )
