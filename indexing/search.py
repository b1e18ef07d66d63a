"""`similar`: the clips nearest to a clip, a file or a vector, in a space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import BadInput, NotFound, UsageError
from ..progress import Progress, silent
from ..schemas.hit import Hit
from ..schemas.manifest import CLIP
from ..schemas.vector import Float32, Space, Vectors
from ..store.remote.sources import at_hand
from ..store.spaces import table_of
from ..store.vectors import normalised, read_pooled
from .index.live import OpenIndex
from .index.opened import mended, open_index
from .metric import Metric, prepared
from .places import clips_at, is_file, shown

if TYPE_CHECKING:
    from ..store.store import Store

SPARE = 4
"""Candidates of an index with approximate scores for each clip asked for: the stored vectors then decide."""


def similar(
    store: Store,
    query: str | Path | Float32,
    *,
    k: int = 10,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    index: str | None = None,
    progress: Progress = silent,
) -> list[Hit]:
    """Return the k clips nearest to `query`, best first; fewer where a view or filter holds fewer.

    query: the path of an audio file, a clip id, or float32[dim] of the space; text that is the path of an existing
    file is taken as one, even if there is a clip of that id. A clip that is asked by its id, or by a file that was
    added and has not changed since, is left out of its own answer; a copy of it elsewhere on disk is a new file and
    finds it. `offset_s` of a hit is where in the clip its segment nearest to the query starts, 0 in a space of one
    segment per clip.

    index: the name of one that was built (index/opened.py says which is taken otherwise); `score` is by its metric.
    A view or filter is applied before the search: the answer is the k nearest within it.

    Raises NotFound for an unknown id, path or index, BadInput for a file that cannot be used or a vector that does not
    fit, UsageError where `k` makes no sense or a file is asked in a space of imported vectors.
    """
    if k < 1:
        raise UsageError(f"k is how many clips to return, at least 1, not {k}")
    found = store.space(space)

    def hits() -> list[Hit]:
        opened = open_index(store, found, name=index, progress=progress)
        if opened.manifest.recipe.level != CLIP:
            raise UsageError(f"index {index!r} holds segments, not clips; `identify` uses it, `similar` wants another")
        return _Search(store, found, opened, view, where).hits(query, k)

    return mended(hits, store, found, name=index, progress=progress)


@dataclass(frozen=True)
class _Asked:
    """A query: its vector float32[dim] as the index takes it, and the clip that it is, "" for none."""

    vector: Float32
    clip_id: str = ""


@dataclass(frozen=True)
class _Search:
    """A search in one open index, within a view or filter."""

    store: Store
    space: Space
    index: OpenIndex
    view: str | None
    where: str | None

    @property
    def metric(self) -> Metric:
        return Metric(self.index.manifest.recipe.metric)

    def hits(self, query: str | Path | Float32, k: int) -> list[Hit]:
        """Return the answer."""
        asked = self.ask(query)
        scores, clips = self.nearest(asked, k)
        clip_ids = clips.column("clip_id").to_pylist()
        windowed = self.store.tables.count(table_of(self.space)) > len(self.index)
        starts = _best_starts(self.store, self.space, asked.vector, clip_ids) if windowed else [0.0] * len(clip_ids)
        labels = clips.column("labels").to_pylist()
        return [
            Hit(clip_id, score, start, shown(uris), tuple(own or ()))
            for clip_id, score, start, uris, own in zip(
                clip_ids, scores, starts, clips.column("uris").to_pylist(), labels, strict=True
            )
        ]

    def ask(self, query: str | Path | Float32) -> _Asked:
        """Return the vector of a query."""
        if isinstance(query, np.ndarray):
            return _Asked(self._fitting(query))
        if isinstance(query, Path) or is_file(query):
            whole = next(
                (place for place in clips_at(self.store, query) if place.unchanged and not place.excerpt), None
            )
            vector = self._stored(whole.clip_id) if whole else None
            if whole and vector is not None:
                return _Asked(vector, whole.clip_id)
            return _Asked(self._embedded(query))
        vector = self._stored(query)
        if vector is not None:
            return _Asked(vector, query)
        if "\0" not in query and len(self.store.clips(["clip_id"], clip_ids=[query])):
            raise NotFound(
                f"clip {query} has no vector in space {self.space.name!r}; run `echodex embed {self.space.encoder}`"
            )
        raise NotFound(
            f"{query[:200]!r} is neither a file nor a usable clip of {self.store.place}; check the path or the id"
        )

    def nearest(self, asked: _Asked, k: int) -> tuple[list[float], pa.Table]:
        """Return the scores of the k nearest clips, best first, and their clip_id, uris and labels."""
        allowed = self._allowed()
        wanted = k + 1 if self.index.exact_scores else SPARE * k + 1
        while True:
            rows, found = self.index.search(asked.vector[None], wanted, allowed)
            met = self.index.ids.take(rows[0][rows[0] >= 0])
            clip_ids = [clip_id for clip_id in met if clip_id != asked.clip_id]
            clips = self.store.clips(["clip_id", "uris", "labels"], view=self.view, where=self.where, clip_ids=clip_ids)
            if len(clips) >= k or len(clip_ids) + 1 < wanted:
                break
            wanted *= 2  # some are clips no more: removed, or found unusable since
        usable = clips.column("clip_id").to_pylist()
        by_id = dict(zip(met, found[0].tolist(), strict=False))
        if not self.index.exact_scores:
            by_id = self._exactly(asked.vector, usable)
        best = sorted(range(len(usable)), key=lambda row: (-by_id[usable[row]], usable[row]))[:k]
        return [self._shown(by_id[usable[row]]) for row in best], clips.take(pa.array(best, pa.int64()))

    def _shown(self, score: float) -> float:
        """Return a score; rounding takes no cosine outside of [-1, 1]."""
        return min(1.0, max(-1.0, score)) if self.metric is Metric.COSINE else score

    def _allowed(self) -> NDArray[np.bool_] | None:
        if self.view is None and self.where is None:
            return None
        clips = self.store.clips(["clip_id"], view=self.view, where=self.where)
        return self.index.ids.among(clips.column("clip_id").combine_chunks())

    def _exactly(self, vector: Float32, clip_ids: list[str]) -> dict[str, float]:
        """Return the scores of the stored vectors of clips."""
        pooled = self._pooled(set(clip_ids))
        l2 = self.metric is Metric.L2
        scores = -np.linalg.norm(pooled.matrix - vector, axis=1) if l2 else pooled.matrix @ vector
        return dict(zip(pooled.clip_ids, scores.tolist(), strict=True))

    def _stored(self, clip_id: str) -> Float32 | None:
        """Return the vector of a clip, None where it has none."""
        row = self.index.ids.find(clip_id)
        if row is None or not self.index.can_find(row):
            return None
        vector = self.index.vector(row)
        return self._pooled({clip_id}).matrix[0] if vector is None else vector

    def _pooled(self, clip_ids: set[str]) -> Vectors:
        normalise = self.metric is Metric.COSINE
        return read_pooled(self.store.tables, self.space, clip_ids, self.index.version, normalise=normalise)

    def _fitting(self, vector: NDArray[np.floating]) -> Float32:
        if vector.shape != (self.space.dim,):
            raise BadInput(
                f"the query has shape {vector.shape}; vectors of space {self.space.name!r} have shape "
                f"({self.space.dim},)"
            )
        norm = float(np.linalg.norm(vector.astype(np.float64)))
        if not 0 < norm < np.inf:
            raise BadInput("the query vector is zero or not finite; it has no direction to compare")
        return np.asarray(prepared(vector[None], self.metric)[0])

    def _embedded(self, path: str | Path) -> Float32:
        """Return the vector of a file that is not in the store: the mean of its segments, as the store pools."""
        from ..audio.children.pool import Children

        encoder = self.store.encoder(self.space)
        with Children() as children:
            waveform = children.read_mono(at_hand(str(path)), encoder.config.sample_rate_hz)
        segments = encoder.encode([waveform])[0]
        if not len(segments.vectors):
            raise BadInput(f"{path} is too short for encoder {self.space.encoder!r}; ask with a longer file")
        return self._fitting(segments.vectors.mean(axis=0, dtype=np.float64))


def _best_starts(store: Store, space: Space, vector: Float32, clip_ids: list[str]) -> list[float]:
    """Return for each clip the start, in seconds into the clip, of its segment most similar to `vector`."""
    owners, starts, raw = store.segments(space.name, clip_ids)
    scores = normalised(raw) @ vector
    best = dict.fromkeys(clip_ids, (-np.inf, 0.0))
    for owner, start, score in zip(owners, starts.tolist(), scores.tolist(), strict=True):
        best[owner] = max(best[owner], (score, -start))
    return [0.0 - best[clip_id][1] for clip_id in clip_ids]
