"""What is evaluated: the clips of a space, the work and the recording that each is of, and which are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import UsageError
from ...indexing.segment_sets.sets import set_sizes
from ...schemas.vector import Space
from ...store.recordings import RECORDING_COLUMNS, recordings_of
from ...store.spaces import table_of
from ..grouped import ALONE, read_groups

if TYPE_CHECKING:
    from ...store.store import Store

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Material:
    """n clips of a space, by id. sizes: int64[n], stored segments; works, tracks: int64[n], numbers that clips of one
    work, or of one recording, share; queries: int64[q], the clips that are asked, each with another version; without:
    how many more would be, but for having none; unnamed: clips of no work, each of which is searched as one of its own.
    """

    store: Store
    space: Space
    version: int
    clip_ids: list[str]
    sizes: Rows
    works: Rows
    tracks: Rows
    queries: Rows
    without: int
    unnamed: int


@dataclass(frozen=True)
class Chosen:
    """Which clips take part. by: the column that names the work; track: the one that names the recording (None: the
    file); queries: a filter of those that are asked (None: all); unseen: of those, only the ones of works that did not
    teach the encoder; view, where: of those that there are.
    """

    by: str = "work"
    track: str | None = None
    queries: str | None = None
    unseen: bool = False
    view: str | None = None
    where: str | None = None


def read_material(store: Store, space: Space, chosen: Chosen) -> Material:
    """Return the material of a space. Raises UsageError where no query has another version."""
    version = store.tables.version(table_of(space))
    held, sizes = set_sizes(store, space, version)
    usable = store.clips(["clip_id"], view=chosen.view, where=chosen.where).column(0).combine_chunks()
    wanted = pc.is_in(held, value_set=usable).to_numpy(zero_copy_only=False)
    clip_ids = held.filter(wanted).to_pylist()
    if not clip_ids:
        raise UsageError(f"no clip that is asked for has a vector in space {space.name!r}; embed them first")
    named = read_groups(store, clip_ids, chosen.by)
    works, unnamed = _numbers(named), int(np.char.startswith(named, ALONE).sum())
    files = _files(store, clip_ids, chosen.view)
    tracks = _numbers(files if chosen.track is None else read_groups(store, clip_ids, chosen.track))
    asked = np.arange(len(clip_ids))
    if chosen.queries is not None:
        those = store.clips(["clip_id"], view=chosen.view, where=chosen.queries).column(0).to_pylist()
        asked = np.flatnonzero(np.isin(clip_ids, those))
        if not len(asked):
            raise UsageError(f"no clip that is searched is selected by the queries' filter, {chosen.queries[:200]!r}")
    able = asked[_has_version(works, tracks)[asked]]
    if not len(able):
        raise UsageError(
            f"of {len(asked)} clips to ask for, none has another version: a clip with its value in {chosen.by!r} that "
            "is of another recording"
        )
    without = len(asked) - len(able)
    return Material(store, space, version, clip_ids, sizes[wanted], works, tracks, able, without, unnamed)


def _has_version(works: Rows, tracks: Rows) -> NDArray[np.bool_]:
    """Return bool[n]: whether there is a clip of the same work and another track."""
    pairs = np.unique(np.stack([works, tracks], axis=1), axis=0)
    return np.asarray(np.bincount(pairs[:, 0])[works] > 1)


def _files(store: Store, clip_ids: Sequence[str], view: str | None) -> NDArray[np.str_]:
    """Return the recording that each clip is of."""
    clips = store.clips(RECORDING_COLUMNS, clip_ids=clip_ids, view=view)
    files = dict(zip(clips.column("clip_id").to_pylist(), recordings_of(clips), strict=True))
    return np.array([files[clip_id] for clip_id in clip_ids], dtype=np.str_)


def _numbers(names: NDArray[np.str_]) -> Rows:
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)
