"""Clips of other splits that are not of the source. Whoever tests on them wants to know what they leak to, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..schemas.vector import Space
from ..store.keys import id_array
from ..store.known import CLIPS_TABLE
from ..store.pooling import normalise_rows
from ..store.spaces import table_of
from ..store.vectors import read_pooled, read_segments
from .parts import Parts, one_each

if TYPE_CHECKING:
    from ..store.store import Store
    from .material import Material


@dataclass(frozen=True)
class Beyond:
    """The k usable clips of a store that have a vector, are of a split, though not of the pruned one, and not of the
    source; sorted by clip id.

    paths: the first place of each; parts: by what they are compared.
    """

    clip_ids: list[str]
    splits: list[str]
    paths: list[str]
    parts: Parts

    def __len__(self) -> int:
        return len(self.clip_ids)


NOBODY = Beyond([], [], [], one_each(np.zeros((0, 0), dtype=np.float32)))


def read_beyond(store: Store, material: Material, match: str) -> Beyond:
    """Read the clips beyond the source of `material`, from the versions that it was read at; match: of PruneConfig.

    A source without splits has nobody beyond it: nothing in it can leak.
    """
    if not any(material.splits):
        return NOBODY
    columns = ("clip_id", "split", "uris")
    clips = store.clips(columns, where="split != ''", version=material.versions[CLIPS_TABLE])
    inside = pc.is_in(clips.column("clip_id"), value_set=id_array(material.clip_ids))
    pruned = pc.equal(clips.column("split"), material.split or "")
    clips = clips.filter(pc.invert(pc.or_(inside, pruned)))
    if not len(clips):
        return NOBODY
    table = table_of(material.space)
    vectors = read_pooled(store.tables, material.space, clips.column("clip_id"), material.versions[table])
    if not vectors.clip_ids:
        return NOBODY
    clips = clips.filter(pc.is_in(clips.column("clip_id"), value_set=id_array(vectors.clip_ids)))
    return Beyond(
        clip_ids=vectors.clip_ids,
        splits=clips.column("split").to_pylist(),
        paths=[uris[0] if uris else "" for uris in clips.column("uris").to_pylist()],
        parts=one_each(vectors.matrix)
        if match == "mean"
        else parts_of(store, material.space, vectors.clip_ids, material.versions),
    )


def parts_of(store: Store, space: Space, clip_ids: Sequence[str], versions: Mapping[str, int]) -> Parts:
    """Return every segment of clips that have a vector, in that order; versions: of the tables, by name."""
    found = read_segments(store.tables, space, clip_ids, versions[table_of(space)])
    normalise_rows(found.matrix)
    sizes = np.bincount(pc.index_in(found.clip_ids, value_set=pa.array(clip_ids, pa.string())).to_numpy())
    return Parts(found.matrix, np.concatenate([[0], np.cumsum(sizes)]))
