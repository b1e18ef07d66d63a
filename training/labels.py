"""What the clips are called: the labels of a store as classes and targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ..errors import NotFound, UsageError
from ..schemas.clip import DESCRIPTIVE
from ..store.datasets.notes import noted_classes
from ..store.store import Store

LABELS = "labels"
"""The clips column that holds a list of labels; a DESCRIPTIVE column can serve instead, as one label a clip."""


@dataclass(frozen=True)
class Labels:
    """The labels of some clips.

    clip_ids: n strings, sorted; classes: c names; hot: bool[n, c], which clip has which label.
    `multi_label`: whether some clip of the *store* has several, so that every view of it is taught alike.
    """

    clip_ids: NDArray[np.str_]
    classes: tuple[str, ...]
    hot: NDArray[np.bool_]
    multi_label: bool

    def rows(self, clip_ids: Sequence[str]) -> NDArray[np.int64]:
        """Return int64[m]: where `clip_ids` stand in these labels; raise NotFound for one that does not."""
        wanted = np.asarray(clip_ids, dtype=np.str_)
        found = np.searchsorted(self.clip_ids, wanted)
        strange = (found == len(self.clip_ids)) | (self.clip_ids[np.minimum(found, len(self.clip_ids) - 1)] != wanted)
        if strange.any():
            raise NotFound(f"clip {wanted[strange][0]} is not among the usable clips of the store")
        return found

    def targets(self, clip_ids: Sequence[str]) -> NDArray[np.float32] | NDArray[np.int64]:
        """Return float32[m, c] of zeros and ones (multi-label), or int64[m] class numbers with -1 for no class."""
        hot = self.hot[self.rows(clip_ids)]
        return hot.astype(np.float32) if self.multi_label else np.where(hot.any(axis=1), hot.argmax(axis=1), -1)

    @property
    def teaches(self) -> NDArray[np.bool_]:
        """bool[n]: clips to learn from. Where clips have several labels, none is a statement; elsewhere it is a gap."""
        return np.full(len(self.hot), True) if self.multi_label else np.asarray(self.hot.any(axis=1))


def read_labels(store: Store, column: str = LABELS, view: str | None = None) -> Labels:
    """Return the labels of all usable clips of the store, and of those that `view` keeps though they were removed.

    column: "labels", or a DESCRIPTIVE column such as "artist". The classes of a data set that was added by name come
    first and in its own order, whether a clip has them or not; the others follow, sorted. Raises UsageError for another
    column, NotFound where no clip has any label.
    """
    if column != LABELS and column not in DESCRIPTIVE:
        raise UsageError(f"labels cannot be taken from {column!r}; there is {LABELS} and {', '.join(DESCRIPTIVE)}")
    clips = _clips(store, ["clip_id", column], view)
    owners, names = _pairs(clips.column(column))
    if not len(names):
        raise NotFound(f"no clip of {store.place} has a value in {column!r}; run `echodex add --labels labels.csv`")
    classes, numbers = _numbered(names, noted_classes(store.path) if column == LABELS else ())
    hot = np.zeros((len(clips), len(classes)), dtype=np.bool_)
    hot[owners, numbers] = True
    clip_ids = np.asarray(clips.column("clip_id").to_pylist(), dtype=np.str_)
    return Labels(clip_ids, classes, hot, bool((hot.sum(axis=1) > 1).any()))


def _numbered(names: NDArray[np.str_], noted: tuple[str, ...]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the classes, the `noted` ones first if any of them is among `names`, and int64[m], the class of each."""
    found, numbers = np.unique(names, return_inverse=True)
    first = noted if set(noted) & set(found) else ()
    classes = (*first, *(str(name) for name in found if name not in first))
    place = {name: number for number, name in enumerate(classes)}
    return classes, np.array([place[name] for name in found], dtype=np.int64)[numbers]


def _clips(store: Store, columns: list[str], view: str | None) -> pa.Table:
    clips = store.clips(columns)
    if view is None:
        return clips
    kept = store.clips(columns, view=view)
    here = pc.is_in(kept.column("clip_id"), value_set=clips.column("clip_id").combine_chunks())
    return pa.concat_tables([clips, kept.filter(pc.invert(here))]).sort_by("clip_id")


def _pairs(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Return (row, label) for every label of a column of lists or of strings; empty and missing ones are no label."""
    flat = column.combine_chunks()
    if pa.types.is_string(flat.type):
        owners, names = pa.array(np.arange(len(flat)), pa.int64()), flat
    else:
        owners, names = pc.list_parent_indices(flat), pc.list_flatten(flat)
    given = pc.fill_null(pc.not_equal(names, ""), False)
    return owners.filter(given).to_numpy(), np.asarray(names.filter(given).to_pylist(), dtype=np.str_)
