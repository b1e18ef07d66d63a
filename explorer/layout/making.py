"""`layout`: where each clip lies: kept where nothing has changed, brought up to date where little has, else fitted.

What is kept answers to the versions of two tables. Clips that are gone are dropped, new ones are placed among those
that are there, so that a map that people know does not turn under them; a fit is made only where there is none, or
where it is asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...errors import StorageError, UsageError
from ...progress import Progress, say, silent
from ...registry import nearest
from ...schemas.vector import Float32, Space, Vectors
from ...store.changes import changed_clips
from ...store.keys import id_array
from ...store.known import CLIPS_TABLE
from ...store.spaces import table_of
from ...store.vectors import read_pooled
from .kept import Layout, LayoutInfo, keep, kept_infos, kept_layout
from .pca import Projection, fit_pca
from .placing import place
from .umap import SETTINGS, fit_umap

if TYPE_CHECKING:
    from ...store.store import Store

Bools = NDArray[np.bool_]

METHODS = ("pca", "umap")
MANY_PLACED = 0.25
"""Above this share of clips that were only placed, fitting anew is suggested."""


def layout(
    store: Store,
    space: Space | str | None = None,
    method: str = "pca",
    *,
    seed: int | None = None,
    refit: bool = False,
    progress: Progress = silent,
) -> Layout:
    """Return where the usable clips of a space lie that have a vector in it, and keep that in the store.

    space: one, or as Store.space takes it; method: "pca", or "umap", which needs the extra `map`; seed: of umap (pca
    draws nothing), None for that of what is kept, else 0. What is kept is returned where it is of the clips and vectors
    that are there; new clips are placed: exactly by pca, beside the clips that they are most like by umap. Fitted where
    nothing is kept, with another seed, and on `refit`. Where the store cannot be written to, the layout is returned and
    not kept, and `progress` told.

    Raises NotFound for a space, UsageError for a method, Unavailable where umap is not installed.
    """
    if method not in METHODS:
        raise UsageError(f"method {method[:80]!r} does not exist{nearest(method, METHODS)}")
    found = space if isinstance(space, Space) else store.space(space)
    settings = SETTINGS if method == "umap" else {}
    kept = kept_layout(store, found, method)
    if method == "pca" or seed is None:
        seed = kept.info.seed if kept else 0
    job = _Job(store, found, store.versions(found), method, settings, seed, progress)
    if refit or kept is None or (kept.info.seed, kept.info.settings) != (seed, settings):
        return job.kept(job.fitted())
    if (kept.info.clips_version, kept.info.table_version) == job.at:
        return kept
    return job.kept(job.renewed(kept) or job.fitted())


def layouts(store: Store, space: Space | str | None = None) -> list[LayoutInfo]:
    """Return what is kept of a space, by method; the next `layout` brings it up to date. Raises NotFound."""
    return kept_infos(store, space if isinstance(space, Space) else store.space(space))


@dataclass(frozen=True)
class _Job:
    """One layout to be made. versions: at which the tables are read."""

    store: Store
    space: Space
    versions: dict[str, int]
    method: str
    settings: dict[str, Any]
    seed: int
    progress: Progress

    @property
    def at(self) -> tuple[int, int]:
        """The versions of the clips table and of the space's."""
        return self.versions[CLIPS_TABLE], self.versions[table_of(self.space)]

    def fitted(self) -> Layout:
        """Return a layout of all clips, fitted now."""
        vectors = self.vectors(self.usable())
        axes = fit_pca(vectors.matrix, self.progress)
        points = axes.apply(vectors.matrix)
        by_umap = self.method == "umap"
        if by_umap:
            points = fit_umap(vectors.matrix, points, self.seed, self.progress)
        info = LayoutInfo(
            self.space.name,
            self.space.identity,
            self.method,
            dict(self.settings),
            self.seed,
            len(points),
            0,
            *self.at,
            datetime.now(UTC).isoformat(timespec="seconds"),
            version("echodex"),
        )
        placed = np.zeros(len(points), dtype=np.bool_)
        return Layout(info, id_array(vectors.clip_ids), points, placed, None if by_umap else axes)

    def renewed(self, kept: Layout) -> Layout | None:
        """Return a kept layout without the clips that are gone and with those that are new; None where it is better
        fitted: nobody can tell which vectors changed, or none is left that it was fitted to.
        """
        moved = changed_clips(self.store.tables, table_of(self.space), kept.info.table_version)
        described = changed_clips(self.store.tables, CLIPS_TABLE, kept.info.clips_version)
        if moved is None or described is None:
            return None
        usable = self.usable(list(moved | described))
        rows = np.flatnonzero(_among(kept.clip_ids, _ids(moved | described)))
        known = kept.clip_ids.take(pa.array(rows))
        same = _among(known, usable) & ~_among(known, _ids(moved))
        stays = np.ones(len(kept), dtype=np.bool_)
        stays[rows[~same]] = False
        fitted = stays & ~kept.placed
        if not fitted.any():
            return None
        new = self.vectors(usable.filter(pa.array(~_among(usable, known.filter(pa.array(same))))))
        points, added, projection = self._placed(kept, new, fitted)
        placed = np.concatenate([kept.placed[stays], np.ones(len(added), dtype=np.bool_)])
        clip_ids = pa.concat_arrays([kept.clip_ids.filter(pa.array(stays)), id_array(new.clip_ids)])
        order = pc.sort_indices(clip_ids) if len(added) else pa.array(np.arange(len(clip_ids)))
        info = replace(
            kept.info,
            clips=len(clip_ids),
            placed=int(placed.sum()),
            clips_version=self.at[0],
            table_version=self.at[1],
        )
        rows = order.to_numpy()
        points = np.concatenate([points[stays], added])[rows]
        return Layout(info, clip_ids.take(order), points, placed[rows], projection)

    def _placed(self, kept: Layout, new: Vectors, fitted: Bools) -> tuple[Float32, Float32, Projection | None]:
        """Return where all clips of a kept layout lie now, where new ones do, and what says so. fitted: which of the
        former new ones are placed among.
        """
        if not len(new):
            return kept.points, np.zeros((0, 2), np.float32), kept.projection
        if kept.projection is None:
            base = self.vectors(kept.clip_ids.filter(pa.array(fitted))).matrix
            return kept.points, place(new.matrix, base, kept.points[fitted], self.progress), None
        added = kept.projection.apply(new.matrix)
        out = np.float32(max(1.0, np.abs(added).max()))  # the picture shrinks where new clips lie outside
        return kept.points / out, added / out, kept.projection.scaled(1 / float(out))

    def kept(self, made: Layout) -> Layout:
        """Keep a layout if the store can be written to; return it. Suggests a fit where many are only placed."""
        if made.info.placed > MANY_PLACED * len(made):
            say(self.progress, f"{made.info.placed:,} of {len(made):,} clips were placed later; refit to draw anew")
        try:
            keep(self.store, made)
        except StorageError as error:
            say(self.progress, f"the map is not kept: {error}")
        return made

    def usable(self, clip_ids: list[str] | None = None) -> pa.Array:
        """Return the ids of the usable clips (of these), sorted."""
        return id_array(self.store.clips(["clip_id"], clip_ids=clip_ids, version=self.at[0]).column("clip_id"))

    def vectors(self, clip_ids: pa.Array) -> Vectors:
        """Return the unit vectors of clips."""
        return read_pooled(self.store.tables, self.space, clip_ids, self.at[1])


def _ids(clip_ids: Collection[str]) -> pa.Array:
    return pa.array(list(clip_ids), pa.string())


def _among(clip_ids: pa.Array, others: pa.Array) -> Bools:
    """Return bool[n]: whether each id is one of `others`."""
    return np.asarray(pc.is_in(clip_ids, value_set=others).to_numpy(zero_copy_only=False))
