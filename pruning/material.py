"""What a plan is made from: the clips of a view or filter, their vectors, their splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import NotFound, UsageError
from ..indexing.groups import originals
from ..indexing.near import rows_of
from ..indexing.places import clip_of
from ..schemas.vector import Float32, Space, Vectors
from ..schemas.view import Kept, ViewInfo
from ..store.known import CLIPS_TABLE
from ..store.pooling import normalise_rows
from ..store.spaces import table_of
from ..store.vectors import read_pooled, read_segments
from .config import DEFAULT_SPLIT, PruneConfig
from .parts import Parts, one_each

if TYPE_CHECKING:
    from ..store.store import Store

Rows = NDArray[np.int64]

COLUMNS = ("clip_id", "split", "duration_s", "uris", "labels", *originals.COLUMNS)
"""Columns of the clips table that a plan needs."""


@dataclass(frozen=True)
class Leaked:
    """Clips that are pruned because another split has a duplicate of them.

    rows: int64[l]; others: int64[l], the row of that duplicate; scores: float32[l], their cosine.
    """

    rows: Rows
    others: Rows
    scores: Float32


NO_LEAKS = Leaked(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Material:
    """The n clips of the source, sorted by clip id.

    splits: of each clip, None for none; seconds: float64[n], duration; paths: the first place of each; described: the
    clips table with COLUMNS; matrix: float32[n, d], L2-normalised, zero for a clip without a vector; has_vector:
    bool[n]; pinned: bool[n], always kept; split: the one that is pruned, None for all; pool: int64[m], the rows that
    are pruned: of that split, with a vector, not leaked; segments: of the clips that have a vector, where duplicates
    are looked for by the best pair.
    """

    clip_ids: list[str]
    splits: list[str | None]
    seconds: NDArray[np.float64]
    paths: list[str]
    described: pa.Table
    matrix: Float32
    has_vector: NDArray[np.bool_]
    pinned: NDArray[np.bool_]
    space: Space
    split: str | None
    pool: Rows
    leaked: Leaked = NO_LEAKS
    segments: Parts | None = None

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def pooled(self) -> Float32:
        """float32[m, d]: the rows of the matrix that are pruned."""
        return rows_of(self.matrix, self.pool)

    @property
    def in_split(self) -> NDArray[np.bool_]:
        """bool[n]: whether a clip is of the split that is pruned."""
        return np.array([self.split is None or split == self.split for split in self.splits], dtype=np.bool_)

    def parts(self, rows: Rows) -> Parts:
        """Return by what clips with a vector are compared when duplicates are looked for."""
        if self.segments is None:
            return one_each(rows_of(self.matrix, rows))
        return self.segments.take(np.cumsum(self.has_vector)[rows] - 1)

    def without(self, leaked: Leaked) -> Material:
        """Return the same clips with the leaked ones out of the pool."""
        return replace(self, pool=np.setdiff1d(self.pool, leaked.rows), leaked=leaked)


def read_material(
    store: Store, config: PruneConfig, *, space: str | None, view: str | None, where: str | None
) -> Material:
    """Read the clips of a view that `where` selects. Raises NotFound where there are none, or none with a vector."""
    found = store.space(space)
    clips = store.clips(COLUMNS, view=view, where=where)
    vectors = store.vectors(found.name, view=view, where=where)
    return _matched(store, arrange(clips, vectors, config.split), config.match, vectors.version)


def _matched(store: Store, material: Material, match: str, version: int) -> Material:
    """Return the material with the segments of its clips where they are what is compared."""
    if match == "mean":
        return material
    clip_ids = [clip_id for clip_id, had in zip(material.clip_ids, material.has_vector, strict=True) if had]
    found = read_segments(store.tables, material.space, clip_ids, version)
    normalise_rows(found.matrix)
    sizes = np.bincount(pc.index_in(found.clip_ids, value_set=pa.array(clip_ids, pa.string())).to_numpy())
    return replace(material, segments=Parts(found.matrix, np.concatenate([[0], np.cumsum(sizes)])))


def clips_named(store: Store, material: Material, names: Sequence[str | Path]) -> tuple[str, ...]:
    """Return the clip id for each clip id or path; raise NotFound or UsageError as `clip_of` does."""
    known = set(material.clip_ids)
    return tuple(str(name) if name in known else clip_of(store, name) for name in names)


def pin(store: Store, material: Material, config: PruneConfig, *, view: str, where: str | None) -> Material:
    """Return the material with the clips pinned that `config` names by their ids or selects by its filter.

    Raises NotFound where an id is not of the source, or the filter selects none of it.
    """
    place = {clip_id: row for row, clip_id in enumerate(material.clip_ids)}
    unknown = next((str(clip_id) for clip_id in config.pin if clip_id not in place), None)
    if unknown is not None:
        source = f"view {view!r}" + (f" where {where}" if where else "")
        raise NotFound(f"clip {unknown[:80]!r} cannot be pinned: it is not in {source}")
    rows = [place[str(clip_id)] for clip_id in config.pin]
    if config.pin_where is not None:
        found = store.clips(["clip_id"], view=view, where=config.pin_where).column("clip_id").to_pylist()
        selected = [place[clip_id] for clip_id in found if clip_id in place]
        if not selected:
            raise NotFound(f"the filter of clips to pin, {config.pin_where!r}, selects none of those that are pruned")
        rows += selected
    return replace(material, pinned=np.isin(np.arange(len(material)), rows))


def read_saved(store: Store, info: ViewInfo, rows: pa.Table) -> Material:
    """Read the clips of a view's source as they were when the view was saved; rows: VIEW_ROWS, sorted by clip id."""
    versions = {base.table: base.version for base in info.bases}
    space, clip_ids = store.space(info.recipe["space"]), rows.column("clip_id")
    clips = store.tables.scan(CLIPS_TABLE, COLUMNS, version=versions[CLIPS_TABLE])
    wanted = clips.filter(pc.is_in(clips.column("clip_id"), value_set=clip_ids.combine_chunks()))
    vectors = read_pooled(store.tables, space, set(clip_ids.to_pylist()), versions[table_of(space)])
    material = arrange(wanted, vectors, info.recipe["split"])
    material = _matched(store, material, info.recipe["config"].get("match", "mean"), vectors.version)
    reasons = np.array(rows.column("reason").to_pylist(), dtype=object)
    leaked = np.flatnonzero(reasons == Kept.LEAKAGE)
    others = pc.index_in(rows.column("representative").take(pa.array(leaked)), value_set=clip_ids.combine_chunks())
    scores = rows.column("similarity").take(pa.array(leaked)).to_numpy()
    pinned = replace(material, pinned=reasons == Kept.PINNED)
    return pinned.without(Leaked(leaked, others.to_numpy().astype(np.int64), scores))


def arrange(clips: pa.Table, vectors: Vectors, split: str | None) -> Material:
    """Join clips (the columns of `read_material`) with vectors; rows in any order come out sorted by clip id."""
    clips = clips.sort_by("clip_id")
    clip_ids, splits = clips.column("clip_id").to_pylist(), clips.column("split").to_pylist()
    if not clip_ids:
        raise NotFound("there is no clip to prune: the view or filter holds none")
    place = vectors.positions()
    rows = np.array([place.get(clip_id, -1) for clip_id in clip_ids])
    has_vector = rows >= 0
    split = _split(split, splits)
    pool = np.flatnonzero([had and split in (None, own) for had, own in zip(has_vector, splits, strict=True)])
    if not len(pool):
        raise NotFound(
            f"no clip to prune has a vector in space {vectors.space.name!r}; "
            f"run `echodex embed {vectors.space.encoder}`"
        )
    matrix = rows_of(vectors.matrix, rows)  # of what has no vector: any row
    if not has_vector.all():
        matrix[~has_vector] = 0
    return Material(
        clip_ids=clip_ids,
        splits=splits,
        seconds=np.asarray(clips.column("duration_s").fill_null(0.0).to_numpy(), dtype=np.float64),
        paths=[uris[0] if uris else "" for uris in clips.column("uris").to_pylist()],
        described=clips,
        matrix=matrix,
        has_vector=has_vector,
        pinned=np.zeros(len(clip_ids), dtype=np.bool_),
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
