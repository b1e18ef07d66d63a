"""What a plan is made from: the clips of a view or filter, their vectors, their splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import NotFound, UsageError
from ..indexing.groups import originals
from ..schemas.vector import Float32, Space, Vectors
from ..schemas.view import ViewInfo
from ..store.known import CLIPS_TABLE
from ..store.spaces import table_of
from ..store.vectors import read_pooled
from .config import DEFAULT_SPLIT

if TYPE_CHECKING:
    from ..store.store import Store

Rows = NDArray[np.int64]

COLUMNS = ("clip_id", "split", "duration_s", "uris", *originals.COLUMNS)
"""Columns of the clips table that a plan needs."""


@dataclass(frozen=True)
class Material:
    """The n clips of the source, sorted by clip id.

    splits: of each clip, None for none; seconds: float64[n], duration; paths: the first place of each; prefer:
    int64[n], lower for the better original; matrix: float32[n, d], L2-normalised, zero for a clip without a vector;
    has_vector: bool[n]; split: the one that is pruned, None for all; pool: int64[m], the rows that are pruned: of
    that split, with a vector.
    """

    clip_ids: list[str]
    splits: list[str | None]
    seconds: NDArray[np.float64]
    paths: list[str]
    prefer: Rows
    matrix: Float32
    has_vector: NDArray[np.bool_]
    space: Space
    split: str | None
    pool: Rows

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def in_split(self) -> NDArray[np.bool_]:
        """bool[n]: whether a clip is of the split that is pruned."""
        return np.array([self.split is None or split == self.split for split in self.splits], dtype=np.bool_)


def read_material(
    store: Store, *, space: str | None, view: str | None, where: str | None, split: str | None
) -> Material:
    """Read the clips of a view that `where` selects. Raises NotFound where there are none, or none with a vector."""
    found = store.space(space)
    clips = store.clips(COLUMNS, view=view, where=where)
    return arrange(clips, store.vectors(found.name, view=view, where=where), split)


def read_pinned(store: Store, info: ViewInfo, clip_ids: list[str]) -> Material:
    """Read the clips `clip_ids` of a view's source as they were when the view was saved."""
    versions = {base.table: base.version for base in info.bases}
    space = store.space(info.recipe["space"])
    clips = store.tables.scan(CLIPS_TABLE, COLUMNS, version=versions[CLIPS_TABLE])
    wanted = clips.filter(pc.is_in(clips.column("clip_id"), value_set=pa.array(clip_ids, pa.string())))
    vectors = read_pooled(store.tables, space, set(clip_ids), versions[table_of(space)])
    return arrange(wanted, vectors, info.recipe["split"])


def arrange(clips: pa.Table, vectors: Vectors, split: str | None) -> Material:
    """Join clips (the columns of `read_material`) with vectors; rows in any order come out sorted by clip id."""
    clips = clips.sort_by("clip_id")
    clip_ids, splits = clips.column("clip_id").to_pylist(), clips.column("split").to_pylist()
    if not clip_ids:
        raise NotFound("there is no clip to prune: the view or filter holds none")
    place = vectors.positions()
    rows = np.array([place.get(clip_id, -1) for clip_id in clip_ids])
    has_vector = rows >= 0
    matrix = np.zeros((len(clip_ids), vectors.matrix.shape[1]), dtype=np.float32)
    matrix[has_vector] = vectors.matrix[rows[has_vector]]
    split = _split(split, splits)
    pool = np.flatnonzero([had and split in (None, own) for had, own in zip(has_vector, splits, strict=True)])
    if not len(pool):
        raise NotFound(
            f"no clip to prune has a vector in space {vectors.space.name!r}; "
            f"run `echodex embed {vectors.space.encoder}`"
        )
    return Material(
        clip_ids=clip_ids,
        splits=splits,
        seconds=np.asarray(clips.column("duration_s").fill_null(0.0).to_numpy(), dtype=np.float64),
        paths=[uris[0] if uris else "" for uris in clips.column("uris").to_pylist()],
        prefer=originals.preference(clips),
        matrix=matrix,
        has_vector=has_vector,
        space=vectors.space,
        split=split,
        pool=pool,
    )


def _split(asked: str | None, splits: list[str | None]) -> str | None:
    there = sorted({split for split in splits if split})
    if asked is None:
        return DEFAULT_SPLIT if DEFAULT_SPLIT in there else None
    if asked not in there:
        raise UsageError(f"no clip is in split {asked[:80]!r} (there is: {', '.join(there) or 'no split at all'})")
    return asked
