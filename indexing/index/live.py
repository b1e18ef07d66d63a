"""An index that is open: the mapped file, and what the table has become since it was written."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...schemas.manifest import IndexManifest
from ...schemas.vector import Float32
from ..kinds.base import Kind
from ..metric import Metric, faiss_metric, scores
from .catchup import Change
from .mapped import BATCH, MappedIndex
from .rowids import RowIds

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

SUBSET_ROWS = 20_000
"""Of a subset of the rows no larger than this nothing is passed over: flat and HNSW indexes compare its vectors, others
look into all cells, where a compressed kind still misses what its codes lose. Vectors are copied by so many.
"""

MORE = 4
"""A search that finds fewer than it was asked for is done again with so many times the effort."""


class OpenIndex:
    """Search over all rows of a space as its table is at `version`: exact or approximate, as `manifest` says.

    Rows 0..base-1 are those of the file, the rest the tail. ids: which row is which clip or segment.
    """

    def __init__(self, manifest: IndexManifest, kind: Kind, mapped: MappedIndex, base: RowIds, change: Change) -> None:
        self.manifest = manifest
        self.version = change.version
        self.ids = base.followed_by(change.tail_ids)
        self._kind = kind
        self._mapped = mapped
        self._base = manifest.ntotal
        self._metric = Metric(manifest.recipe.metric)
        self._tail = change.tail
        dead = base.among(change.clip_ids) if len(change.clip_ids) else np.zeros(0, dtype=np.bool_)
        self._dead = dead if dead.any() else None
        self._living = self._base - int(dead.sum())

    def __len__(self) -> int:
        """How many rows can be found."""
        return self._living + len(self._tail)

    @property
    def alive(self) -> Mask:
        """bool[rows]: whether a row is still of a clip that the table holds."""
        dead = np.zeros(self._base, dtype=np.bool_) if self._dead is None else self._dead
        return np.concatenate([~dead, np.ones(len(self._tail), dtype=np.bool_)])

    @property
    def exact_scores(self) -> bool:
        """Whether scores are those of the stored vectors, not of what a compressed index made of them."""
        return self._mapped.exact_distances

    def search(self, queries: Float32, k: int, allowed: Mask | None = None) -> tuple[Rows, Float32]:
        """Return the k nearest rows int64[q, k] and their scores float32[q, k], best first, ties by row.

        queries: float32[q, d], of unit length for the cosine; allowed: bool[rows], those that may be found (None: all).
        A score is the cosine, the inner product, or minus the Euclidean distance. Where there are fewer than k, or a
        walk through an HNSW index reaches no more, rows are -1 and scores -inf. Of an `allowed` subset of at most
        SUBSET_ROWS no row is passed over: the answer is exact but for what a compressed kind's codes lose, of which
        `similar` wins some back, since it asks for four times as many and scores them by the stored vectors. Raises
        Stale for a damaged file.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        found, rows = self._search_base(queries, k, allowed)
        if len(self._tail):
            found, rows = self._with_tail(queries, np.where(rows < 0, -np.inf, found), rows, allowed)
        return (rows, found) if _tidy(found, rows) else _tidied(found, rows)

    def to(self, device: str) -> OpenIndex:
        """Answer on "cpu", "cuda", or on the GPUs where there are any ("auto") from now on; return this index.

        On a GPU scores are of half floats, off by up to 1e-3, and not `exact_scores`.
        """
        self._mapped.to(device)
        return self

    def can_find(self, row: int) -> bool:
        """Whether a row is still of a clip that the table holds."""
        return row >= self._base or self._dead is None or not self._dead[row]

    def vector(self, row: int) -> Float32 | None:
        """Return the vector float32[d] of a row, None where the index does not keep it exactly and at hand."""
        if row >= self._base:
            return np.asarray(self._tail[row - self._base])
        if not self._mapped.keeps_vectors:
            return None
        return np.asarray(self._mapped.vectors(np.array([row]))[0])

    def vectors(self, rows: Rows) -> Float32 | None:
        """Return the vectors float32[r, d] of rows, None where the index keeps but codes of them.

        They are as they were added: of unit length for the cosine. Raises Stale for a damaged file.
        """
        if not self._mapped.has_vectors:
            return None
        if not len(self._tail):
            return self._mapped.vectors(rows)
        found = np.empty((len(rows), self._tail.shape[1]), dtype=np.float32)
        own = rows < self._base
        found[own] = self._mapped.vectors(rows[own])
        found[~own] = self._tail[rows[~own] - self._base]
        return found

    def _search_base(self, queries: Float32, k: int, allowed: Mask | None) -> tuple[Float32, Rows]:
        if allowed is None:
            return self._search_living(queries, k)
        mask = allowed[: self._base] if self._dead is None else allowed[: self._base] & ~self._dead
        rows = np.flatnonzero(mask)
        if len(rows) <= SUBSET_ROWS and self._mapped.keeps_vectors:
            return self._compared(queries, k, rows)
        effort = self._most if len(rows) <= SUBSET_ROWS else self._effort(len(rows))
        return self._scored(queries, k, effort, len(rows), _selector(mask))

    def _search_living(self, queries: Float32, k: int) -> tuple[Float32, Rows]:
        """Search all rows but the dead, which are few: as if they were not there."""
        if self._dead is not None and not self._most and len(queries) >= BATCH:
            return self._compared(
                queries, k, np.flatnonzero(~self._dead)
            )  # with a selector FAISS multiplies no matrices
        effort = self._effort(self._living) if self._living else 0
        return self._scored(queries, k, effort, self._living, self._passing_dead)

    @cached_property
    def _passing_dead(self) -> Any:
        """The faiss.IDSelector of all rows but the dead; None where there are none."""
        return None if self._dead is None else _selector(~self._dead)

    @cached_property
    def _most(self) -> int:
        """The effort that passes over nothing; 0 for an exact kind."""
        return max(self._kind.efforts(self._base), default=0)

    def _effort(self, rows: int) -> int:
        """Return the effort that meets as many of `rows` allowed rows as the usual one meets of all."""
        return min(self._most, -(-self.manifest.effort * self._base // rows))

    def _scored(self, queries: Float32, k: int, effort: int, among: int, selector: Any) -> tuple[Float32, Rows]:
        """Return the k best of the `among` rows that the selector lets pass, with more effort where it finds fewer."""
        if not among:
            return _nothing(len(queries), k)
        distances, rows = self._mapped.search(queries, k, effort, selector)
        found, last = scores(distances, self._metric), min(k, among) - 1
        while effort < self._most and (lacking := np.flatnonzero(rows[:, last] < 0)).size:
            effort = min(self._most, MORE * effort)
            distances, rows[lacking] = self._mapped.search(queries[lacking], k, effort, selector)
            found[lacking] = scores(distances, self._metric)
        return found, rows

    def _compared(self, queries: Float32, k: int, rows: Rows) -> tuple[Float32, Rows]:
        """Return the k best of `rows` by their vectors, which the index keeps; they are copied block by block."""
        import faiss

        best = _nothing(len(queries), k)
        for start in range(0, len(rows), SUBSET_ROWS):
            block = rows[start : start + SUBSET_ROWS]
            metric, size = faiss_metric(self._metric), min(k, len(block))
            distances, places = faiss.knn(queries, self._mapped.vectors(block), size, metric=metric)
            best = _best(best, (scores(distances, self._metric), block[places]), k)
        return best

    def _with_tail(self, queries: Float32, found: Float32, rows: Rows, allowed: Mask | None) -> tuple[Float32, Rows]:
        """Return the best of `found` and of the tail."""
        import faiss

        k = found.shape[1]
        places = np.arange(len(self._tail))
        if allowed is not None:
            places = places[allowed[self._base :]]
        if not len(places):
            return found, rows
        distances, near = faiss.knn(queries, self._tail[places], min(k, len(places)), metric=faiss_metric(self._metric))
        return _best((found, rows), (scores(distances, self._metric), places[near] + self._base), k)


def _tidy(found: Float32, rows: Rows) -> bool:
    """Whether no row is missing and no two scores of a query are equal. Of one query Python knows sooner than NumPy."""
    if len(rows) == 1:
        return rows.item(-1) >= 0 and len(set(found[0].tolist())) == len(found[0])
    return not ((rows[:, -1] < 0).any() or (found[:, 1:] == found[:, :-1]).any())


def _tidied(found: Float32, rows: Rows) -> tuple[Rows, Float32]:
    """Return both with -inf for missing rows, and equal scores in the order of their rows."""
    found = np.where(rows < 0, np.float32(-np.inf), found)
    best = np.lexsort((rows, -found), axis=1)
    return np.take_along_axis(rows, best, axis=1), np.take_along_axis(found, best, axis=1)


def _best(one: tuple[Float32, Rows], other: tuple[Float32, Rows], k: int) -> tuple[Float32, Rows]:
    """Return the k best scores of both, and their rows; of equal scores the lower row first."""
    found = np.concatenate([one[0], other[0]], axis=1)
    rows = np.concatenate([one[1], other[1]], axis=1)
    best = np.lexsort((rows, -found), axis=1)[:, :k]
    return np.take_along_axis(found, best, axis=1), np.take_along_axis(rows, best, axis=1)


def _nothing(queries: int, k: int) -> tuple[Float32, Rows]:
    return np.full((queries, k), -np.inf, dtype=np.float32), np.full((queries, k), -1, dtype=np.int64)


def _selector(mask: Mask) -> Any:
    import faiss

    return faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))  # type: ignore[call-arg, arg-type]
