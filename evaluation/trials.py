"""The repeats of `evaluate pruning`: what each arm of each trains on, and what all are tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.view import ALL, ViewInfo
from ..store.store import Store
from ..training.config import ProbeConfig
from ..training.inputs import Inputs, read_inputs
from ..training.labels import Labels, read_labels
from ..training.module import Examples
from ..training.splits import TEST, TRAIN, VALID, read_splits
from .baseline import UNCLUSTERED, leaders_of, random_like, strata_of
from .report import FULL, RANDOM, VIEW

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """The clips of a view's source that have a vector.

    inputs: their n vectors; labels: of the whole store; kept: bool[n], by the view; strata: int64[n], their clusters;
    groups: int64[all usable clips], one number for a representative and its duplicates.
    """

    inputs: Inputs
    labels: Labels
    kept: NDArray[np.bool_]
    strata: Rows
    groups: Rows

    @property
    def is_clustered(self) -> bool:
        """Whether the view was made cluster by cluster."""
        return bool((self.strata != UNCLUSTERED).any())

    def examples(self, rows: Rows) -> Examples:
        """Return vectors and targets of some of the n clips."""
        return Examples(self.inputs.matrix[rows], self.labels.targets([self.inputs.clip_ids[row] for row in rows]))


@dataclass(frozen=True)
class Trial:
    """One repeat. train: rows of the source per arm; valid, test: the same for all arms; drawn: splits drawn for it."""

    seed: int
    train: dict[str, Rows]
    valid: Rows
    test: Rows
    drawn: tuple[str, ...]


def read_source(store: Store, info: ViewInfo, space: str | None, config: ProbeConfig) -> Source:
    """Return the clips that a view was chosen from, with their vectors in `space` (None: the newest)."""
    labels = read_labels(store, config.labels)
    rows = store.view_rows(info)
    ids = np.asarray(rows.column("clip_id").to_pylist(), dtype=np.str_)
    every = read_inputs(store, ALL, space, config.inputs, config.seed)
    with_vector = np.asarray(every.clip_ids, dtype=np.str_)
    here, there = np.flatnonzero(np.isin(ids, with_vector)), np.flatnonzero(np.isin(with_vector, ids))
    inputs = Inputs([every.clip_ids[row] for row in there], every.matrix[there], every.space)
    groups = np.arange(len(labels.clip_ids))
    known = np.flatnonzero(np.isin(ids, labels.clip_ids))
    places = np.searchsorted(labels.clip_ids, ids)
    groups[places[known]] = places[leaders_of(rows)][known]
    return Source(inputs, labels, rows.column("kept").to_numpy()[here], strata_of(rows)[here], groups)


def make_trial(store: Store, source: Source, seed: int, *, by_cluster: bool) -> Trial:
    """Return the repeat of one seed; raises UsageError where one of the splits is empty.

    by_cluster: the random clips are drawn cluster by cluster, as many as the view keeps there, instead of from all.
    """
    splits = read_splits(store, source.labels, seed, source.groups)
    names = splits.names[source.labels.rows(source.inputs.clip_ids)]
    pool, valid, test = (np.flatnonzero(names == split) for split in (TRAIN, VALID, TEST))
    kept = source.kept[pool]
    strata = source.strata[pool] if by_cluster else np.zeros(len(pool), np.int64)
    train = {FULL: pool, VIEW: pool[kept], RANDOM: pool[random_like(kept, strata, seed)]}
    for name, rows in ((f"train clips in the {VIEW}", train[VIEW]), ("valid clips", valid), ("test clips", test)):
        if not len(rows):
            raise UsageError(f"there are no {name} with a label and a vector; check the splits of the view's source")
    return Trial(seed, train, valid, test, splits.drawn)
