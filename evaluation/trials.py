"""The repeats of `evaluate pruning`: what each arm of each trains on, and what all are tested on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.view import ALL, ViewInfo
from ..store.store import Store
from ..training.behind import RunBehind, run_behind
from ..training.budget import label_budget
from ..training.config import ProbeConfig
from ..training.inputs import Inputs, read_inputs
from ..training.labels import Labels, read_labels
from ..training.splits import TEST, TRAIN, VALID, read_splits
from .baseline import UNCLUSTERED, leaders_of, random_like, strata_of
from .report import FULL, RANDOM, VIEW

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """The clips of a view's source that have a vector.

    inputs: their n vectors; labels: of the whole store; kept: bool[n], by the view; strata: int64[n], their clusters;
    groups: int64[all usable clips], one number for a representative and its duplicates; behind: the run that trained
    the encoder.
    """

    inputs: Inputs
    labels: Labels
    kept: NDArray[np.bool_]
    strata: Rows
    groups: Rows
    behind: RunBehind | None

    @property
    def is_clustered(self) -> bool:
        """Whether the view was made cluster by cluster."""
        return bool((self.strata != UNCLUSTERED).any())


@dataclass(frozen=True)
class Trial:
    """One repeat.

    train: rows of the source per arm; valid, test: the same for all arms; drawn, splits_of: as of SplitRows.
    """

    seed: int
    train: dict[str, Rows]
    valid: Rows
    test: Rows
    drawn: tuple[str, ...]
    splits_of: str


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
    kept, strata = rows.column("kept").to_numpy()[here], strata_of(rows)[here]
    return Source(inputs, labels, kept, strata, groups, run_behind(store, every.space))


@dataclass(frozen=True)
class SplitRows:
    """Rows of some inputs by split; pool: all train clips that there are; drawn: which splits the seed drew.

    splits_of: the run that trained the encoder, where splits were taken from it ("": none were).
    """

    pool: Rows
    valid: Rows
    test: Rows
    drawn: tuple[str, ...]
    splits_of: str


def split_rows(
    store: Store, inputs: Inputs, labels: Labels, groups: Rows, behind: RunBehind | None, seed: int
) -> SplitRows:
    """Return the rows of each split in the repeat of one seed; `groups` never straddle those that are drawn.

    No clip that taught the encoder its labels is tested: see read_splits.
    """
    splits = read_splits(store, labels, seed, groups, behind)
    names = splits.names[labels.rows(inputs.clip_ids)]
    pool, valid, test = (np.flatnonzero(names == split) for split in (TRAIN, VALID, TEST))
    return SplitRows(pool, valid, test, splits.drawn, splits.of_run)


def within_budget(inputs: Inputs, labels: Labels, rows: Rows, share: float, seed: int) -> Rows:
    """Return those of the train clips `rows` that a label budget of `share` teaches."""
    return rows[label_budget(labels, [inputs.clip_ids[row] for row in rows], share, seed)]


def filled(trial: Trial) -> Trial:
    """Return a trial whose arms and splits all hold clips; raises UsageError, naming the one that is empty."""
    train = ((f"train clips in {name}", rows) for name, rows in trial.train.items())
    for what, rows in (*train, ("valid clips", trial.valid), ("test clips", trial.test)):
        if not len(rows):
            raise UsageError(f"there are no {what} with a label and a vector; check the splits of the view's source")
    return trial


def make_trial(store: Store, source: Source, seed: int, *, by_cluster: bool, share: float = 1.0) -> Trial:
    """Return the repeat of one seed; raises UsageError where one of the splits is empty.

    by_cluster: the random clips are drawn cluster by cluster, as many as the view keeps there, instead of from all;
    share: of the train clips of each arm, the label budget.
    """
    inputs, labels = source.inputs, source.labels
    split = split_rows(store, inputs, labels, source.groups, source.behind, seed)
    pool, kept = split.pool, source.kept[split.pool]
    strata = source.strata[pool] if by_cluster else np.zeros(len(pool), np.int64)
    chosen = {VIEW: pool[kept], RANDOM: pool[random_like(kept, strata, seed)], FULL: pool}
    train = {name: within_budget(inputs, labels, rows, share, seed) for name, rows in chosen.items()}
    return filled(Trial(seed, train, split.valid, split.test, split.drawn, split.splits_of))
