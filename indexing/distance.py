"""How far apart two clips or two works are in a space: the mean Euclidean distance of their vectors, as stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from ..errors import NotFound, UsageError
from ..schemas.vector import Float32
from ..store.removing import clips_named
from ..store.store import Store
from ..store.vectors import read_pooled
from ..store.where import equals

BLOCK_CELLS = 1 << 22
"""Pairs of clips compared at once (32 MB): what is called a work may be all the clips that have none."""


@dataclass(frozen=True)
class Distance:
    """mean: over all pairs of a clip of `a` with another one of `b`; a_clips, b_clips: how many there are of each."""

    space: str
    a: str
    b: str
    a_clips: int
    b_clips: int
    mean: float


def distance(store: Store, a: str, b: str, *, space: str | None = None) -> Distance:
    """Return the mean Euclidean distance in a space from `a` to `b`, each a clip (id or path) or a work.

    In the space of an autoencoder that is what its study calls the distance. A clip is not compared with itself, so
    that a work and itself give the mean within it. Raises NotFound for what is neither or has no vector, UsageError
    where no two clips are left to compare.
    """
    found = store.space(space)
    sides = []
    for name in (a, b):
        vectors = read_pooled(store.tables, found, _clips(store, name), normalise=False)
        if not len(vectors):
            raise NotFound(f"{name[:200]!r} has no vector in space {found.name!r}; embed it, or name another space")
        sides.append(vectors)
    one, other = sides
    same = len(set(one.clip_ids) & set(other.clip_ids))
    pairs = len(one) * len(other) - same
    if not pairs:
        raise UsageError(f"{a[:200]!r} and {b[:200]!r} are one clip; name another, or a work that has several")
    return Distance(found.name, a, b, len(one), len(other), distance_sum(one.matrix, other.matrix) / pairs)


def distance_sum(a: Float32, b: Float32) -> float:
    """Return the sum of the Euclidean distances of all rows of float32[n, d] to all of float32[m, d]."""
    b, step = b.astype(np.float64), max(1, BLOCK_CELLS // len(b))
    return sum(float(cdist(a[first : first + step].astype(np.float64), b).sum()) for first in range(0, len(a), step))


def _clips(store: Store, name: str) -> list[str]:
    """Return the ids of the clip `name`, or of the usable clips of the work `name`."""
    try:
        return clips_named(store.tables, [name])
    except NotFound as error:
        ids: list[str] = store.clips(["clip_id"], where=equals("work", name)).column(0).to_pylist()
        if ids:
            return ids
        raise NotFound(
            f"{name[:200]!r} is no clip of {store.place}, no file that was added to it and no work; check the name"
        ) from error
