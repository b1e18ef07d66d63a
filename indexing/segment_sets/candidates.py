"""Which clips could be nearest to a set of segments: those that its segments find in an index, by what they may reach.

Every segment of the query asks for its nearest segments. Of a clip that it finds, the nearest is known; of one that it
does not find, that none is nearer than the last one found. The mean of the n smallest of these bounds, one a segment,
is a bound below the distance by n best pairs: whatever clip has a higher one than the k-th nearest cannot be among the
k nearest (Fagin, Lotem, Naor, "Optimal aggregation algorithms for middleware", 2003).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ...schemas.vector import Float32
from ..index.live import OpenIndex
from .reductions import Reduction

if TYPE_CHECKING:
    from ...store.store import Store

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

FURTHEST = 2.0
"""The largest cosine distance there is."""

BOUNDS = 1 << 24
"""Bounds, one for each found clip and segment of the query, that are held at once (64 MB)."""


def depth(reduction: Reduction, segments: int) -> int | None:
    """Return of how many of a query's segments the nearest ones bound a reduction; None where nearest ones bound
    nothing, as the segments furthest apart count.
    """
    match reduction.kind:
        case "min" | "best":  # all of the best may be of one segment
            return 1
        case "meanmin":
            return segments
        case "bpwr":
            return min(segments, reduction.n or segments)
    return None


@dataclass(frozen=True)
class Owners:
    """Whose the rows of an open index of segments are. clip_ids: n strings; of: int32[rows], the clip of each; sizes:
    int64[n], its living segments.
    """

    index: OpenIndex
    clip_ids: pa.Array
    of: NDArray[np.int32]
    sizes: Rows


def owners_of(store: Store, index: OpenIndex) -> Owners:
    """Return the owners of an open index, kept with the store object as long as the index is."""
    key = ("owners", index.manifest.space)
    kept = store.kept.get(key)
    if isinstance(kept, Owners) and kept.index is index:
        return kept
    column = index.ids.owners
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries()
    codes = [chunk.indices.to_numpy().astype(np.int32, copy=False) for chunk in column.chunks]
    of = np.concatenate([np.empty(0, np.int32), *codes])
    names = column.chunk(0).dictionary if column.num_chunks else pa.array([], pa.string())
    found = Owners(index, names.cast(pa.string()), of, np.bincount(of[index.alive], minlength=len(names)))
    store.kept[key] = found
    return found


def candidates(owners: Owners, queries: Float32, asked: Asked, allowed: Mask | None = None) -> tuple[Rows, Float32]:
    """Return the clips that the segments float32[q, d] of a query find, int64[m], and a bound below the cosine
    distance of each, ascending, float32[m].

    allowed: bool[rows of the index], those that may be found.
    """
    rows, scores = owners.index.search(queries, asked.neighbours, allowed)
    segment, place = np.nonzero(rows >= 0)
    owner, far = owners.of[rows[segment, place]], 1 - scores[segment, place]
    by_clip = np.argsort(owner, kind="stable")
    clips, starts = np.unique(owner[by_clip], return_index=True)
    ends, which = np.append(starts, len(owner)), np.arange(len(clips)).repeat(np.diff(starts, append=len(owner)))
    last = np.where(rows[:, -1] < 0, FURTHEST, 1 - scores[:, -1])  # all are found: there are no others
    counted = np.minimum(min(asked.depth, len(queries)), owners.sizes[clips])
    mean = np.empty(len(clips), np.float32)
    step = max(1, BOUNDS // max(1, len(queries)))
    for first in range(0, len(clips), step):
        some = slice(first, min(first + step, len(clips)))
        found = by_clip[ends[some.start] : ends[some.stop]]
        bounds = np.repeat(last[None].astype(np.float32), some.stop - first, axis=0)
        np.minimum.at(bounds, (which[ends[first] : ends[some.stop]] - first, segment[found]), far[found])
        bounds.sort(axis=1)
        mean[some] = np.cumsum(bounds, axis=1)[np.arange(len(bounds)), counted[some] - 1] / counted[some]
    order = np.argsort(mean, kind="stable")
    return clips[order].astype(np.int64), mean[order]


@dataclass(frozen=True)
class Asked:
    """How candidates are looked for. neighbours: nearest segments of each of the query's; depth: as `depth` says."""

    neighbours: int
    depth: int
