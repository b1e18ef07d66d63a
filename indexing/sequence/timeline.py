"""The segments of a space laid out for sequence match: by clip, then by time, at one hop."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import Stale
from ...progress import Progress, silent
from ...schemas.manifest import SEGMENT
from ...schemas.vector import Float32, Space
from ...store.vectors import normalised, read_segments
from ..index.opened import open_index
from .diagonals import Collection, Rows, Silent
from .hop import uniform_hop_s

if TYPE_CHECKING:
    from ...store.store import Store
    from ..index.live import OpenIndex


@dataclass(frozen=True)
class Timeline:
    """The segments of a space in places 0..n-1: clip 0's from its first to its last, then clip 1's, and so on.

    clip_ids: c strings, sorted; clip_bounds: int64[c + 1], the places of each clip; bounds: int64[p + 1], the places of
    each unbroken piece of a clip, which is the whole clip unless a segment within has no vector; starts_s: float32[n];
    hop_s: from one segment's start to the next.
    """

    store: Store
    space: Space
    clip_ids: list[str]
    clip_bounds: Rows
    bounds: Rows
    starts_s: Float32
    hop_s: float
    _index: OpenIndex = field(repr=False)
    _place: Rows = field(repr=False)  # of each row of the index, -1 for none
    _row: Rows = field(repr=False)  # of each place

    def __len__(self) -> int:
        """How many segments there are."""
        return len(self.starts_s)

    def clip_id(self, piece: int) -> str:
        """Return the clip that a piece is of."""
        return self.clip_ids[int(np.searchsorted(self.clip_bounds, self.bounds[piece], side="right")) - 1]

    def start_s(self, piece: int, segment: int) -> float:
        """Return where in its clip a segment of a piece starts."""
        return float(self.starts_s[self.bounds[piece] + segment])

    def collection(self, wanted: pa.Array | None = None, silent: Silent | None = None) -> Collection:
        """Return what sequence match takes; only segments of the clips `wanted` (None: all) are found.

        silent: what tells which vectors are of silence (None: none is).
        """
        allowed = None if wanted is None else self._index.ids.among(wanted)
        if allowed is not None and allowed.all():
            allowed = None  # a search without a filter is faster

        def search(queries: Float32, k: int) -> tuple[Rows, Float32]:
            rows, scores = self._index.search(queries, k, allowed)
            return np.where(rows < 0, -1, self._place[rows]), scores

        held = Collection(self.bounds, self._fetch, search=search)
        return replace(held, silent=silent) if silent else held

    def _fetch(self, places: Rows) -> Float32:
        """Return the unit vectors float32[m, d] at places: those that the index keeps, else from the table, of which
        only the clips are read that they are of.
        """
        kept = self._index.vectors(self._row[places])
        if kept is not None:
            return kept
        clips = np.searchsorted(self.clip_bounds, places, side="right") - 1
        needed, which = np.unique(clips, return_inverse=True)
        names = [self.clip_ids[clip] for clip in needed]
        found = read_segments(self.store.tables, self.space, names, self._index.version)
        sizes = np.diff(self.clip_bounds)[needed]
        if sizes.sum() != len(found):
            raise Stale(f"an index of space {self.space.name!r} does not fit its table; run `echodex index build`")
        begins = np.cumsum(sizes) - sizes
        return normalised(found.matrix[begins[which] + places - self.clip_bounds[clips]])


def open_timeline(store: Store, space: Space, progress: Progress = silent) -> Timeline:
    """Return the timeline of a space as its table is now; it is kept with the store object for the next call.

    Raises UsageError where the space has no uniform hop (`uniform_hop_s`).
    """
    index, key = open_index(store, space, level=SEGMENT, progress=progress), ("timeline", space.name)
    kept = store.kept.get(key)
    if isinstance(kept, Timeline) and kept._index is index:
        return kept
    timeline = _timeline(store, space, index.to("auto"))
    store.kept[key] = timeline
    return timeline


def _timeline(store: Store, space: Space, index: OpenIndex) -> Timeline:
    owners = pc.dictionary_encode(index.ids.owners.cast(pa.string())).combine_chunks()
    names = owners.dictionary.to_numpy(zero_copy_only=False)
    by_name = np.argsort(names)
    alive = np.flatnonzero(index.alive)
    clips = np.argsort(by_name)[owners.indices.to_numpy()[alive]]
    segments, starts_s = index.ids.segments[alive], index.ids.starts_s[alive]
    order = np.lexsort((segments, clips))
    clips, segments, starts_s = clips[order], segments[order], starts_s[order]
    first = np.diff(clips, prepend=-1) != 0
    broken = np.diff(segments, prepend=-1) != 1
    place = np.full(len(index.ids), -1, dtype=np.int64)
    place[alive[order]] = np.arange(len(order))
    clip_ids = names[by_name][clips[first]].tolist()
    hop_s = uniform_hop_s(store, space, first, segments, starts_s)
    bounds = bounds_of(first), bounds_of(first | broken)
    return Timeline(store, space, clip_ids, *bounds, starts_s, hop_s, index, place, alive[order])


def bounds_of(first: NDArray[np.bool_]) -> Rows:
    """Return int64[parts + 1]: where each part begins, and the end; first: bool[n], whether a part begins here."""
    return np.append(np.flatnonzero(first), len(first)).astype(np.int64)
