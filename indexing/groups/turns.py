"""Who stands for duplicates because somebody said so: pinned clips, then chosen ones, the last chosen first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...schemas.decision import Decided
from .distinct import rows_among

Rows = NDArray[np.int64]


def turns_of(clip_ids: Sequence[str], said: Decided) -> Rows:
    """Return int64[n], lower for who comes before others as a representative; clip_ids: n of them, sorted."""
    pinned, chosen = (rows_among(clip_ids, ids) for ids in (said.pinned, said.representatives))
    turns, there = np.full(len(clip_ids), len(chosen)), chosen >= 0
    turns[chosen[there]] = np.flatnonzero(there)
    others = np.ones(len(clip_ids), dtype=np.bool_)
    others[pinned[pinned >= 0]] = False
    return np.asarray(turns + others * (len(chosen) + 1))
