"""Which clips an autoencoder learns from, and their vectors as the space holds them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import UsageError
from ...schemas.vector import Float32, Space
from ...store.spaces import table_of
from ...store.store import Store
from ..inputs import chance
from ..splits import TRAIN, VALID, VALID_SHARE, Splits, meaning


def autoencoder_splits(store: Store, space: Space, seed: int) -> Splits:
    """Return the split of every usable clip with a vector in a space, by the `split` column; those that it says nothing
    of teach. What else is in the store, audio beside features, has no say.

    Where none of them is valid, VALID_SHARE of the teachers are drawn for it, and with a clip all that are of its
    `work`: another performance of what is taught would be too easy a test.
    """
    held = store.tables.scan(table_of(space), ["clip_id"]).column(0).unique()
    clips = store.clips(["clip_id", "split", "work"], clip_ids=held.to_pylist())
    clip_ids = np.asarray(clips.column("clip_id").to_pylist(), dtype=np.str_)
    names = np.array([meaning(name) or TRAIN for name in clips.column("split").to_pylist()], dtype="U5")
    if (names == VALID).any():
        return Splits(clip_ids, names, ())
    owners = [work or clip_id for work, clip_id in zip(clips.column("work").to_pylist(), clip_ids, strict=True)]
    teachers = np.flatnonzero(names == TRAIN)
    works = sorted({owners[row] for row in teachers}, key=lambda work: chance(seed, work))
    drawn = set(works[: max(1, round(VALID_SHARE * len(works)))])
    names[[row for row in teachers if owners[row] in drawn]] = VALID
    return Splits(clip_ids, names, (VALID,))


def read_rows(store: Store, view: str, space: str, wanted: Sequence[str], what: str) -> Float32:
    """Return float32[n, d]: the vectors of those `wanted` clips that `view` keeps, by clip id, not normalised.

    Raises UsageError, naming `what` they are, where there is none.
    """
    found = store.vectors(space, view=view, normalise=False)
    rows = np.isin(np.asarray(found.clip_ids, dtype=np.str_), np.asarray(wanted, dtype=np.str_))
    if not rows.any():
        raise UsageError(f"there are no {what} with vectors in {space!r}; check the splits, or add more features")
    return found.matrix[rows]
