"""Performances of works: which clips are versions of each other, and must not stand for one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..indexing.groups.distinct import matches
from ..store.keys import id_array
from ..store.known import CLIPS_TABLE
from ..store.recordings import RECORDING_COLUMNS, recordings_of

if TYPE_CHECKING:
    from ..store.store import Store

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

NO_WORK = -1
"""The work of a clip that says none: it is no version of anything."""


@dataclass(frozen=True)
class Performances:
    """What n clips are of. work: int64[n], one number for all clips of a work, NO_WORK for none; performance: int64[n],
    one number for clips of one recording of a work.
    """

    work: Rows
    performance: Rows

    def take(self, rows: Rows) -> Performances:
        """Return those of some of the clips, in that order."""
        return Performances(self.work[rows], self.performance[rows])

    def versions(self, one: Rows, other: Rows) -> Mask:
        """Return whether clips one[i] and other[i] are two performances of one work."""
        work = self.work[one]
        same = (work == self.work[other]) & (work != NO_WORK)
        return np.asarray(same & (self.performance[one] != self.performance[other]))

    def among(self, others: Performances) -> Callable[[slice], tuple[Rows, Rows]]:
        """Return what tells, of a slice of these clips, which of `others` are other performances of their works: places
        in the slice and among the others, int64[e] each.
        """
        order = np.argsort(others.work, kind="stable")
        works = others.work[order]

        def find(at: slice) -> tuple[Rows, Rows]:
            own = self.work[at]
            having = np.flatnonzero(own != NO_WORK)
            places, found = matches(own[having], works)
            rows, columns = having[places], order[found]
            other = self.performance[at][rows] != others.performance[columns]
            return rows[other], columns[other]

        return find

    def united(self, one: Rows, other: Rows) -> Performances:
        """Return the same clips, of which one[i] and other[i] are one recording, and what is one with either."""
        return Performances(self.work, _united(self.performance, one, other))


def read_performances(store: Store, clip_ids: Sequence[str], version: int) -> Performances:
    """Return what clips are of, as the clips table of `version` tells.

    Clips of one work are one recording where they are excerpts of one file of audio, or have the same rendition.
    """
    columns = (*RECORDING_COLUMNS, "work", "rendition")
    clips = store.tables.scan(CLIPS_TABLE, columns, version=version)
    clips = clips.take(pc.index_in(id_array(clip_ids), value_set=id_array(clips.column("clip_id"))))
    return performances_of(clips)


def performances_of(clips: pa.Table) -> Performances:
    """Return what n clips are of; clips: a table with `work`, `rendition` and RECORDING_COLUMNS."""
    work, performance = _codes(clips.column("work")), np.arange(len(clips))
    for column in (clips.column("rendition"), pa.chunked_array([pa.array(recordings_of(clips), pa.string())])):
        told = _codes(column)
        having = np.flatnonzero((work != NO_WORK) & (told >= 0))
        order = having[np.lexsort((having, told[having], work[having]))]
        same = (work[order[1:]] == work[order[:-1]]) & (told[order[1:]] == told[order[:-1]])
        performance = _united(performance, order[:-1][same], order[1:][same])
    return Performances(work, performance)


def _codes(column: pa.ChunkedArray) -> Rows:
    """Return int64[n]: a number for each text, -1 where there is none."""
    told = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column).combine_chunks().dictionary_encode()
    return np.asarray(told.indices.fill_null(-1).to_numpy(), dtype=np.int64)


def _united(numbers: Rows, one: Rows, other: Rows) -> Rows:
    """Return int64[n]: the first row of each class, where those of one number are a class, and one[i] and other[i]."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(numbers)
    _, first, numbered = np.unique(numbers, return_index=True, return_inverse=True)
    edges = np.concatenate([np.stack([np.arange(n), first[numbered]]), np.stack([one, other])], axis=1)
    graph = coo_array((np.ones(edges.shape[1], dtype=np.int8), tuple(edges)), shape=(n, n))
    classes = connected_components(graph, directed=False)[1]
    return np.asarray(np.unique(classes, return_index=True)[1][classes], dtype=np.int64)
