"""`similar --match versions`: the clips whose segments, as sets, are nearest to those of a query.

The query's segments find candidates through the index of segments (`candidates`), the exact reduction of all pairs of
segments ranks them. Where the space is small, all clips are compared; and where they are asked to be, or the reduction
is one that near segments say nothing of.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from ...errors import BadInput, NotFound, UsageError
from ...progress import Progress, silent
from ...schemas.hit import Hit
from ...schemas.manifest import SEGMENT
from ...schemas.vector import Float32, Space
from ...store.keys import rows_of
from ...store.remote.sources import at_hand
from ...store.spaces import table_of
from ..index.opened import mended, open_index
from ..metric import Metric, prepared
from ..places import clips_at, is_file, shown
from .candidates import Asked, Mask, Owners, candidates, depth, owners_of
from .distances import likeness, metric_of, segment_distances
from .reductions import Reduction, reduce
from .sets import Sets, read_sets, set_sizes, spans
from .vectors import vectors_of

if TYPE_CHECKING:
    from ...store.store import Store

CANDIDATES = 200
"""Clips that are compared exactly, or so many for each one asked for as SPARE says, whichever is more."""

SPARE = 10
NEIGHBOURS = 200
"""Nearest segments that each segment of a query is asked for."""

MOST = 0.25
"""Where as large a share of the clips would be candidates, all are compared."""

SMALL_BYTES = 64 << 20
"""Of a space, view or filter whose vectors take no more, all clips are compared; of a larger one so much is read at
once.
"""

BLOCK_CELLS = 1 << 22
"""Pairs of segments compared at once (16 MB)."""


@dataclass(frozen=True)
class Matching:
    """How sets are compared. redux: a reduction; exact: compare all clips; candidates: how many are compared otherwise
    (None: CANDIDATES or SPARE for each asked for); neighbours: of each segment, that choose them.
    """

    redux: str = "bpwr-10"
    exact: bool = False
    candidates: int | None = None
    neighbours: int = NEIGHBOURS

    def __post_init__(self) -> None:
        Reduction.of(self.redux)
        if self.neighbours < 1 or (self.candidates is not None and self.candidates < 1):
            raise UsageError("candidates and neighbours are numbers of clips and of segments, at least 1")


def similar_versions(
    store: Store,
    query: str | Path | Float32,
    matching: Matching,
    *,
    k: int = 10,
    space: str | None = None,
    view: str | None = None,
    where: str | None = None,
    progress: Progress = silent,
) -> list[Hit]:
    """Return the k clips nearest to `query` by a reduction of the distances of their segments, best first.

    query: as `similar` takes it, or float32[q, dim], the segments of a recording. `score` of a hit is a mean cosine, or
    minus a distance where segments are compared by that (`metric_of`); `offset_s` is where in the clip the segment
    nearest to one of the query's starts. Equal scores come by clip id. Raises what `similar` raises.
    """
    if k < 1:
        raise UsageError(f"k is how many clips to return, at least 1, not {k}")
    found = store.space(space)
    asked = _ask(store, found, query)

    def hits() -> list[Hit]:
        return _Search(store, found, asked, matching, view, where, progress).hits(k)

    return mended(hits, store, found, level=SEGMENT, progress=progress)


@dataclass(frozen=True)
class _Query:
    """The segments float32[q, d] of a query as its encoder gave them, and the clip that it is, "" for none."""

    segments: Float32
    clip_id: str = ""


def _ask(store: Store, space: Space, query: str | Path | Float32) -> _Query:
    if isinstance(query, np.ndarray):
        return _Query(_fitting(space, np.atleast_2d(query)))
    if isinstance(query, Path) or is_file(query):
        for place in clips_at(store, query):
            if place.unchanged and not place.excerpt and _holds(store, space, place.clip_id):
                return _Query(read_sets(store, space, Metric.IP, [place.clip_id]).matrix, place.clip_id)
        return _Query(_embedded(store, space, query))
    if "\0" in query or not len(store.clips(["clip_id"], clip_ids=[query])):
        raise NotFound(
            f"{query[:200]!r} is neither a file nor a usable clip of {store.place}; check the path or the id"
        )
    return _Query(read_sets(store, space, Metric.IP, [query]).matrix, query)


def _holds(store: Store, space: Space, clip_id: str) -> bool:
    return len(rows_of(store.tables, table_of(space), ["clip_id"], [clip_id])) > 0


def _embedded(store: Store, space: Space, path: str | Path) -> Float32:
    from ...audio.children.pool import Children

    encoder = store.encoder(space)
    with Children() as children:
        waveform = children.read_mono(at_hand(str(path)), encoder.config.sample_rate_hz)
    segments = encoder.encode([waveform])[0].vectors
    if not len(segments):
        raise BadInput(f"{path} is too short for encoder {space.encoder!r}; ask with a longer file")
    return _fitting(space, segments)


def _fitting(space: Space, segments: NDArray[np.floating]) -> Float32:
    if segments.ndim != 2 or segments.shape[1] != space.dim or not len(segments):
        raise BadInput(
            f"the query has shape {segments.shape}; segments of space {space.name!r} have shape (q, {space.dim})"
        )
    if not np.isfinite(segments).all():
        raise BadInput("the query's vectors hold NaN or infinite numbers; they cannot be compared")
    return np.asarray(segments, dtype=np.float32)


@dataclass(frozen=True)
class _Search:
    """A query put to a space, within a view or filter."""

    store: Store
    space: Space
    query: _Query
    matching: Matching
    view: str | None
    where: str | None
    progress: Progress

    @cached_property
    def metric(self) -> Metric:
        return metric_of(self.space)

    @cached_property
    def segments(self) -> Float32:
        """The query's, as the metric compares them."""
        return prepared(self.query.segments, self.metric)

    def hits(self, k: int) -> list[Hit]:
        """Return the answer."""
        reduction = Reduction.of(self.matching.redux)
        bounded = depth(reduction, len(self.segments))
        rows = self.store.tables.count(table_of(self.space))
        if self.matching.exact or bounded is None or self._few(rows):
            return self._told(self._all(reduction), k)
        index = open_index(self.store, self.space, level=SEGMENT, progress=self.progress)
        owners = owners_of(self.store, index)
        allowed = None if self.view is None and self.where is None else index.ids.among(self._usable())
        asked = Asked(self.matching.neighbours + (len(self.segments) if self.query.clip_id else 0), bounded)
        count = max(self.matching.candidates or max(CANDIDATES, SPARE * k), k) + 1
        while count < len(owners.clip_ids) * MOST and (allowed is None or not self._few(int(allowed.sum()))):
            found = self._told(self._among_candidates(owners, asked, count, allowed), k)
            if len(found) >= k:
                return found
            # many neighbours are of few clips, or of clips that are gone
            count, asked = 2 * count, replace(asked, neighbours=2 * asked.neighbours)
        return self._told(self._all(reduction), k)

    def _few(self, rows: int) -> bool:
        """Whether so many segments may all be compared."""
        return 4 * self.space.dim * rows <= SMALL_BYTES

    def _usable(self) -> pa.Array:
        """Return the ids of the clips that may be found, sorted."""
        return self.store.clips(["clip_id"], view=self.view, where=self.where).column(0).combine_chunks()

    def _all(self, reduction: Reduction) -> _Far:
        """Return the distance of every clip that may be found."""
        vectors = vectors_of(self.store, self.space, self.metric, self.store.tables.version(table_of(self.space)))
        held, sizes = set_sizes(self.store, self.space, vectors.version)
        wanted = pc.is_in(held, value_set=self._usable())
        clip_ids, sizes = held.filter(wanted).to_pylist(), sizes[wanted.to_numpy(zero_copy_only=False)]
        distances, starts = np.empty(len(clip_ids), np.float32), np.empty(len(clip_ids), np.float32)
        for span in spans(sizes, SMALL_BYTES // (4 * self.space.dim)):
            distances[span], starts[span] = self._compared(vectors.read(clip_ids[span]), reduction)
            self.progress("compare", span.stop, len(clip_ids))
        return _Far(clip_ids, distances, starts)

    def _among_candidates(self, owners: Owners, asked: Asked, count: int, allowed: Mask | None) -> _Far:
        """Return the distances of the clips that the index finds."""
        found, _ = candidates(owners, prepared(self.query.segments, Metric.COSINE), asked, allowed)
        clip_ids = sorted(owners.clip_ids.take(pa.array(found[:count])).to_pylist())
        vectors = vectors_of(self.store, self.space, self.metric, owners.index.version)
        return _Far(clip_ids, *self._compared(vectors.read(clip_ids), Reduction.of(self.matching.redux)))

    def _compared(self, sets: Sets, reduction: Reduction) -> tuple[Float32, Float32]:
        """Return of each set the distance, and where its segment nearest to one of the query's starts, float32[n]."""
        query = torch.from_numpy(self.segments)[None]
        found, starts = np.empty(len(sets), np.float32), np.empty(len(sets), np.float32)
        for span in spans(np.diff(sets.bounds), max(1, BLOCK_CELLS // len(self.segments))):
            part = sets.part(span.start, span.stop)
            others, there = part.padded()
            cells = segment_distances(query, others, self.metric)[0]
            mask = None if bool(there.all()) else there[:, None]
            found[span] = reduce(cells, reduction, mask).numpy()
            nearest = cells.amin(dim=1).masked_fill(~there, torch.inf).numpy().argmin(axis=1)
            starts[span] = part.starts_s[part.bounds[:-1] + nearest]
        return found, starts

    def _told(self, far: _Far, k: int) -> list[Hit]:
        """Return the hits of the k nearest that may be found."""
        order = [row for row in np.argsort(far.distances, kind="stable") if far.clip_ids[row] != self.query.clip_id]
        hits: list[Hit] = []
        for first in range(0, len(order), k):
            rows = order[first : first + k]
            clips = self.store.clips(
                ["clip_id", "uris", "labels"],
                view=self.view,
                where=self.where,
                clip_ids=[far.clip_ids[row] for row in rows],
            )
            described = {clip["clip_id"]: clip for clip in clips.to_pylist()}
            hits += [self._hit(far, row, described) for row in rows if far.clip_ids[row] in described]
            if len(hits) >= k:
                break
        return hits[:k]

    def _hit(self, far: _Far, row: int, described: dict[str, dict[str, Any]]) -> Hit:
        clip = described[far.clip_ids[row]]
        score = likeness(float(far.distances[row]), self.metric)
        return Hit(clip["clip_id"], score, float(far.starts_s[row]), shown(clip["uris"]), tuple(clip["labels"] or ()))


@dataclass(frozen=True)
class _Far:
    """How far clips are, by id: distances float32[n], starts_s float32[n], of the nearest segment."""

    clip_ids: list[str]
    distances: Float32
    starts_s: Float32
