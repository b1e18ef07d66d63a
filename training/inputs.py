"""What a probe learns from: one vector per clip of a view."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from ..schemas.vector import Float32, Space
from ..store.store import Store


@dataclass(frozen=True)
class Inputs:
    """clip_ids: n strings, sorted; matrix: float32[n, d], row by row; space: where they come from."""

    clip_ids: list[str]
    matrix: Float32
    space: Space


def read_inputs(
    store: Store, view: str, space: str | None, kind: str, seed: int, only: Collection[str] | None = None
) -> Inputs:
    """Return the vectors of the clips that `view` keeps (of `only`, if given), as far as the space holds them.

    kind: "clip" for the unit vector of the whole clip, "window" for one of its segments as the encoder gave it, drawn
    by (seed, clip_id): the same window of a clip in every view.
    """
    pooled = store.vectors(space, view=view)
    clip_ids, matrix = pooled.clip_ids, pooled.matrix
    if only is not None:
        wanted = set(only)
        rows = [row for row, clip_id in enumerate(clip_ids) if clip_id in wanted]
        clip_ids, matrix = [clip_ids[row] for row in rows], matrix[rows]
    if kind == "clip":
        return Inputs(clip_ids, matrix, pooled.space)
    owners, _, vectors = store.segments(pooled.space.name, clip_ids)
    _, first, counts = np.unique(np.asarray(owners, dtype=np.str_), return_index=True, return_counts=True)
    drawn = [first[row] + chance(seed, clip_id) % counts[row] for row, clip_id in enumerate(clip_ids)]
    return Inputs(clip_ids, vectors[np.array(drawn, dtype=np.int64)], pooled.space)


def chance(seed: int, *parts: str | int) -> int:
    """Return a random whole number below 2**63 that depends on `seed` and `parts` (a clip id, an epoch) alone."""
    text = ":".join(map(str, (seed, *parts)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
