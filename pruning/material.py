"""What a plan is made from: the clips of a view or filter, their vectors, their splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import Damaged, NotFound, UsageError
from ..indexing.groups import originals
from ..indexing.groups.distinct import Distinct
from ..indexing.near import rows_of
from ..schemas.decision import UNDECIDED, Decided
from ..schemas.vector import Float32, Space, Vectors
from ..schemas.view import ALL, Kept, ViewInfo
from ..store.keys import id_array
from ..store.known import CLIPS_TABLE
from ..store.spaces import table_of
from ..store.vectors import read_pooled
from .apart import Apart
from .beyond import NOBODY, Beyond, parts_of, read_beyond
from .config import DEFAULT_SPLIT, KEEP_VERSIONS, PruneConfig, config_of
from .parts import Parts, one_each
from .versions import NO_WORK, Performances, read_performances

if TYPE_CHECKING:
    from ..store.store import Store

Rows = NDArray[np.int64]

COLUMNS = ("clip_id", "split", "duration_s", "uris", "labels", *originals.COLUMNS)
"""Columns of the clips table that a plan needs."""

EVERY_SPLIT = "all"
"""What `split` says where the clips of all splits are pruned."""


@dataclass(frozen=True)
class LeftOut:
    """Clips of the pruned split that go before any is selected: for a duplicate in another split, or for their work.

    rows: int64[l]; reasons: of Kept; others: the clip id of what stands for each, which need not be of the source;
    scores: float32[l], their cosine.
    """

    rows: Rows
    reasons: tuple[str, ...]
    others: tuple[str, ...]
    scores: Float32


NOBODY_LEFT_OUT = LeftOut(np.zeros(0, np.int64), (), (), np.zeros(0, np.float32))


@dataclass(frozen=True)
class Material:
    """The n clips of the source, sorted by clip id.

    splits: of each clip, None for none; seconds: float64[n], duration; paths: the first place of each; described: the
    clips table with COLUMNS; matrix: float32[n, d], L2-normalised, zero for a clip without a vector; has_vector:
    bool[n]; pinned: bool[n], always kept; split: the one that is pruned, None for all; pool: int64[m], the rows that
    are pruned: of that split, with a vector, not left out; segments: of the clips that have a vector, where duplicates
    are looked for by the best pair; beyond: what other splits of the store hold that the source does not; performances:
    what the n clips, and then those beyond, are of, where that was asked for; verified: ids of clips that are of one
    recording by ear; alone: bool[n], the one clip of its work that is left; versions: at which the tables were read, by
    name. decided: what people decided about these clips; distinct: which of the n clips, and then those beyond, they
    said to be no duplicates; turns: int64[n], lower for who is to stand for duplicates before others, None: nobody.
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
    left_out: LeftOut = NOBODY_LEFT_OUT
    segments: Parts | None = None
    beyond: Beyond = NOBODY
    performances: Performances | None = None
    verified: tuple[tuple[str, str], ...] = ()
    alone: NDArray[np.bool_] | None = None
    versions: Mapping[str, int] = field(default_factory=dict)
    decided: Decided = UNDECIDED
    distinct: Distinct | None = None
    turns: Rows | None = None

    def __len__(self) -> int:
        return len(self.clip_ids)

    @cached_property
    def path_of(self) -> dict[str, str]:
        """The first place of each clip by its id, of those beyond the source as well."""
        own = zip(self.clip_ids, self.paths, strict=True)
        return dict(own) | dict(zip(self.beyond.clip_ids, self.beyond.paths, strict=True))

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

    def apart(self, versions: str | None) -> Apart | None:
        """Return what keeps the n clips, and then those beyond, apart, None where nothing does: what was said to be
        distinct, and works where the policy of PruneConfig is that performances do not stand for each other.
        """
        works = self.performances if versions == KEEP_VERSIONS else None
        return None if works is None and self.distinct is None else Apart(works, self.distinct)

    def without(self, more: LeftOut) -> Material:
        """Return the same clips with more of them out of the pool."""
        one = self.left_out
        left_out = LeftOut(
            rows=np.concatenate([one.rows, more.rows]),
            reasons=one.reasons + more.reasons,
            others=one.others + more.others,
            scores=np.concatenate([one.scores, more.scores]),
        )
        return replace(self, pool=np.setdiff1d(self.pool, more.rows), left_out=left_out)


def read_material(store: Store, config: PruneConfig, *, space: str | None, view: str, where: str | None) -> Material:
    """Read the clips of a view that `where` selects. Raises NotFound where there are none, or none with a vector.

    Both tables are read at one version each, which the material holds: whatever is written to them meanwhile, a view
    is saved against what its plan saw.
    """
    found = store.space(space)
    versions = store.versions(found, view=view)
    clips = store.clips(COLUMNS, view=view, where=where, version=versions[CLIPS_TABLE])
    if not len(clips):
        raise NotFound("there is no clip to prune: the view or filter holds none")
    vectors = read_pooled(store.tables, found, clips.column("clip_id"), versions[table_of(found)])
    material = replace(arrange(clips, vectors, _split(config.split, clips)), versions=versions)
    return _compared(store, material, config, whole=_whole(view, where))


def _compared(store: Store, material: Material, config: PruneConfig, whole: bool) -> Material:
    """Return the material with all that duplicates are looked for by, and among; whole: its source is every clip."""
    if config.match != "mean":
        had = [clip_id for clip_id, has in zip(material.clip_ids, material.has_vector, strict=True) if has]
        segments = parts_of(store, material.space, had, material.versions)
        material = replace(material, segments=segments)
    if not whole and config.duplicate_score != 0:
        material = replace(material, beyond=read_beyond(store, material, config.match))
    if config.versions is None:
        return material
    return replace(material, performances=_performances(store, material))


def _performances(store: Store, material: Material) -> Performances:
    """Read what the clips of the source and beyond are of. Raises UsageError where no clip to prune has a work."""
    clip_ids = material.clip_ids + material.beyond.clip_ids
    performances = read_performances(store, clip_ids, material.versions[CLIPS_TABLE])
    if (performances.work[material.pool] == NO_WORK).all():
        raise UsageError(
            "no clip that is pruned says of which work it is, so that versions has nothing to go by: leave it out, or "
            "tell works by a column `work` of a labels file (`echodex add --labels`)"
        )
    return performances


def _whole(view: str, where: str | None) -> bool:
    return view == ALL and where is None


def read_saved(store: Store, info: ViewInfo, rows: pa.Table) -> Material:
    """Read the clips of a view's source as they were when the view was saved; rows: VIEW_ROWS, sorted by clip id.

    Raises Damaged where these are not the clips and vectors that the rows tell of.
    """
    recipe, config = info.recipe, config_of(info.recipe["config"])
    versions = {base.table: base.version for base in info.bases}
    space, clip_ids = store.space(recipe["space"]), rows.column("clip_id")
    clips = store.tables.scan(CLIPS_TABLE, COLUMNS, version=versions[CLIPS_TABLE])
    wanted = clips.filter(pc.is_in(clips.column("clip_id"), value_set=id_array(clip_ids)))
    vectors = read_pooled(store.tables, space, clip_ids, versions[table_of(space)])
    material = replace(arrange(wanted, vectors, recipe["split"]), versions=versions)
    material = _compared(store, material, config, whole=_whole(recipe.get("view", ALL), recipe.get("where")))
    reasons = np.array(rows.column("reason").to_pylist(), dtype=object)
    out = np.flatnonzero(np.isin(reasons, [Kept.LEAKAGE, Kept.VERSION]))
    others, scores = (rows.column(name).take(pa.array(out)) for name in ("representative", "similarity"))
    material = replace(material, pinned=reasons == Kept.PINNED)
    material = material.without(LeftOut(out, tuple(reasons[out]), tuple(others.to_pylist()), scores.to_numpy()))
    ranked = np.flatnonzero(rows.column("rank").is_valid().to_numpy())
    if len(material) != len(rows) or not np.array_equal(material.pool, ranked):
        raise Damaged(
            f"view {info.name}@{info.version} was saved beside other clips or vectors than it was made from: "
            "its order cannot be cut; prune again"
        )
    return material


def arrange(clips: pa.Table, vectors: Vectors, split: str | None) -> Material:
    """Join clips (the columns of `read_material`) with vectors; rows in any order come out sorted by clip id.

    split: the one that is pruned, None for all.
    """
    clips = clips.sort_by("clip_id")
    clip_ids, splits = clips.column("clip_id").to_pylist(), clips.column("split").to_pylist()
    place = vectors.positions()
    rows = np.array([place.get(clip_id, -1) for clip_id in clip_ids])
    has_vector = rows >= 0
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


def _split(asked: str | None, clips: pa.Table) -> str | None:
    """Return the split to prune, None for every clip: where clips have splits, that has to be said."""
    there = sorted({split for split in clips.column("split").unique().to_pylist() if split})
    if asked == EVERY_SPLIT or (asked is None and not there):
        return None
    if asked is None and DEFAULT_SPLIT not in there:
        raise UsageError(
            f"no clip is in split {DEFAULT_SPLIT!r} (there is: {', '.join(there)}), and other splits are not pruned "
            f"unasked: name the one to prune with split, or {EVERY_SPLIT!r} for every clip of all of them"
        )
    if asked is not None and asked not in there:
        raise UsageError(f"no clip is in split {asked[:80]!r} (there is: {', '.join(there) or 'no split at all'})")
    return asked or DEFAULT_SPLIT
