"""Two views laid side by side: the clips of both sources, and what each view says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..schemas.view import ALL, ViewInfo
from ..store.keys import id_array
from ..store.known import CLIPS_TABLE
from .rows import UNCLUSTERED

if TYPE_CHECKING:
    from ..store.store import Store

Mask = NDArray[np.bool_]

COLUMNS = ("clip_id", "duration_s", "split", "labels")


@dataclass(frozen=True)
class Side:
    """What a view says of the n clips of a comparison.

    address: "name@version", or "all"; info: None for "all"; there: bool[n], whether a clip is of its source; kept:
    bool[n]; cluster: int32[n], -1 for noise, -2 where nothing was clustered or the clip is not of its source.
    """

    address: str
    info: ViewInfo | None
    there: Mask
    kept: Mask
    cluster: NDArray[np.int32]


@dataclass(frozen=True)
class Sides:
    """Two views; clips: COLUMNS of the n clips that are of either source, sorted by clip id."""

    clips: pa.Table
    a: Side
    b: Side

    @property
    def clip_ids(self) -> pa.Array:
        """The ids of the n clips."""
        return id_array(self.clips.column("clip_id"))


def read_sides(store: Store, a: str, b: str) -> Sides:
    """Read two views, each with its clips as they were when it was saved. Raises NotFound for an unknown view."""
    read = [_read(store, a), _read(store, b)]
    first, second = (clips for _, clips, _, _ in read)
    new = pc.invert(pc.is_in(second.column("clip_id"), value_set=id_array(first.column("clip_id"))))
    clips = pa.concat_tables([first, second.filter(new)]).sort_by("clip_id")
    clip_ids = id_array(clips.column("clip_id"))
    sides = []
    for info, own, kept, cluster in read:
        place = pc.index_in(clip_ids, value_set=id_array(own.column("clip_id")))
        there = place.is_valid().to_numpy(zero_copy_only=False)
        rows = place.drop_null().to_numpy()
        side = Side(
            address=f"{info.name}@{info.version}" if info else ALL,
            info=info,
            there=there,
            kept=np.zeros(len(clips), dtype=np.bool_),
            cluster=np.full(len(clips), UNCLUSTERED, dtype=np.int32),
        )
        side.kept[there], side.cluster[there] = kept[rows], cluster[rows]
        sides.append(side)
    return Sides(clips, *sides)


def _read(store: Store, view: str) -> tuple[ViewInfo | None, pa.Table, Mask, NDArray[np.int32]]:
    """Return a view with the clips of its source in any order, whether each is kept, and its cluster."""
    if view == ALL:
        clips = store.clips(COLUMNS)
        return None, clips, np.ones(len(clips), dtype=np.bool_), np.full(len(clips), UNCLUSTERED, dtype=np.int32)
    info = store.view(view)
    rows = store.view_rows(info)
    clips = store.tables.scan(CLIPS_TABLE, COLUMNS, version=info.version_of(CLIPS_TABLE))
    clips = clips.filter(pc.is_in(clips.column("clip_id"), value_set=id_array(rows.column("clip_id"))))
    rows = rows.take(pc.index_in(clips.column("clip_id"), value_set=id_array(rows.column("clip_id"))))
    return info, clips, rows.column("kept").to_numpy(), rows.column("cluster").to_numpy()
