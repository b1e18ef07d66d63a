"""Catching up: what changed in a space since its index was built, without building it again.

An index on disk is never written to. Rows of clips that are gone or changed are dead: every search passes over them.
Clips that are new or changed form a tail that is searched exactly beside the index. So any kind follows inserts,
updates and deletes, those too that FAISS can neither add to nor remove from, until the changes are many.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from ...schemas.manifest import CLIP, IndexManifest
from ...schemas.vector import Float32, Space
from ...store.changes import changed_clips
from ...store.spaces import table_of
from ...store.vectors import read_pooled, read_segments
from ..metric import Metric, prepared
from .rowids import id_table

if TYPE_CHECKING:
    from ...store.store import Store

FEW = 2_000
SHARE = 0.05
"""Changed clips up to the larger of FEW and this share of the index are caught up with. Their vectors are read whenever
a process opens the index, and compared one by one: beyond that, building anew pays.
"""


@dataclass(frozen=True)
class Change:
    """What happened to a space between the version of an index and `version`.

    clip_ids: those clips whose rows changed in any way; tail: table of RowIds and prepared vectors float32[t, d] of
    those that are there now.
    """

    version: int
    clip_ids: pa.Array
    tail_ids: pa.Table
    tail: Float32

    @classmethod
    def none(cls, version: int, dim: int, level: str) -> Change:
        """Return that nothing happened."""
        nothing = np.empty(0, np.float32)
        ids = id_table([]) if level == CLIP else id_table([], nothing.astype(np.int32), nothing)
        return cls(version, pa.array([], pa.string()), ids, np.empty((0, dim), np.float32))


def change_since(store: Store, space: Space, manifest: IndexManifest, version: int) -> Change | None:
    """Return what changed from the manifest's version to `version`; None where an index is better built anew."""
    table = table_of(space)
    changed = changed_clips(store.tables, table, manifest.table_version)
    if changed is None or len(changed) > max(FEW, SHARE * manifest.ntotal):
        return None
    tail_ids, tail = _rows_now(store, space, manifest, changed, version)
    return Change(version, pa.array(sorted(changed), pa.string()), tail_ids, tail)


def _rows_now(
    store: Store, space: Space, manifest: IndexManifest, clip_ids: set[str], version: int
) -> tuple[pa.Table, Float32]:
    metric = Metric(manifest.recipe.metric)
    pooled = read_pooled(store.tables, space, clip_ids, version, normalise=metric is Metric.COSINE)
    if manifest.recipe.level == CLIP:
        return id_table(pooled.clip_ids), pooled.matrix
    found = read_segments(store.tables, space, pooled.clip_ids, version)
    return id_table(found.clip_ids, found.segments, found.starts_s), prepared(found.matrix, metric)
