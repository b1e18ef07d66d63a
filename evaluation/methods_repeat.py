"""One repeat of a comparison of methods: its splits, its planted duplicates, and a fresh head for everything kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import UsageError
from ..pruning.config import budget
from ..store.store import Store
from ..training.behind import RunBehind, run_behind
from ..training.inputs import Inputs, read_inputs
from ..training.interrupt import Interrupted, InterruptFlag
from ..training.labels import Labels, read_labels
from ..training.module import Examples
from ..training.order import generator
from ..training.splits import TEST, TRAIN, VALID, nothing_to_test
from .grouped import grouped_split, read_groups
from .heads import Bench
from .methods_config import MethodsConfig
from .planted import Pool, plant
from .ranks import method_ranks
from .report import FULL

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Clips:
    """The n clips that take part.

    inputs: their vectors; labels: of the whole store; groups: n strings; behind: the run that trained the encoder,
    where the splits are to be that run's.
    """

    inputs: Inputs
    labels: Labels
    groups: NDArray[np.str_]
    behind: RunBehind | None

    @property
    def splits_of(self) -> str:
        """The name of the run behind, "" where there is none."""
        return self.behind.name if self.behind else ""

    def examples(self, rows: Rows) -> Examples:
        """Return vectors and targets of some of the n clips."""
        return Examples(self.inputs.matrix[rows], self.labels.targets([self.inputs.clip_ids[row] for row in rows]))

    def split(self, seed: int) -> dict[str, Rows]:
        """Return the rows of train, valid and test, drawn by `seed` through no group, or those of the run behind."""
        if self.behind is not None:
            names = self.behind.sides(self.inputs.clip_ids, self.groups)
            names = np.where(names == "", TRAIN, names)
        else:
            names = grouped_split(self.labels.hot[self.labels.rows(self.inputs.clip_ids)], self.groups, seed)
        return {name: np.flatnonzero(names == name) for name in (TRAIN, VALID, TEST)}


@dataclass(frozen=True)
class Tried:
    """One fresh head. keep: as asked for; kept: rows that it was taught; metrics: what it reached on the test clips."""

    method: str
    keep: float
    kept: int
    metrics: dict[str, float]
    duplicates_left: float | None
    least_left: float | None


@dataclass(frozen=True)
class Repeat:
    """One repeat: counts of clips and planted duplicates; tried: all clips first, then by method and kept share."""

    seed: int
    train: int
    planted: int
    valid: int
    test: int
    tried: tuple[Tried, ...]


def read_clips(store: Store, config: MethodsConfig, space: str | None) -> Clips:
    """Return the clips with a label, and a vector in `space` (None: the newest), of the split that takes part.

    Raises UsageError where there are none, or none that the encoder was not taught the labels of.
    """
    labels = read_labels(store, config.probe.labels)
    every = read_inputs(store, "all", space, config.probe.inputs, config.probe.seed)
    usable = labels.teaches[labels.rows(every.clip_ids)]
    if config.split is not None:
        usable &= np.array(
            [split == config.split for split in store.clips(["split"], clip_ids=every.clip_ids).column(0).to_pylist()]
        )
    rows = np.flatnonzero(usable)
    if not len(rows):
        where = f"of split {config.split!r} " if config.split is not None else ""
        raise UsageError(
            f"no clip {where}has a label and a vector in {every.space.name!r}; there is nothing to compare"
        )
    inputs = Inputs([every.clip_ids[row] for row in rows], every.matrix[rows], every.space)
    groups = read_groups(store, inputs.clip_ids, config.group_by)
    return Clips(inputs, labels, groups, _run_to_follow(store, inputs, groups))


def _run_to_follow(store: Store, inputs: Inputs, groups: NDArray[np.str_]) -> RunBehind | None:
    """Return the run that trained the encoder, None where none did, or one without labels that held nothing out."""
    behind = run_behind(store, inputs.space)
    if behind is None or {VALID, TEST} <= set(behind.sides(inputs.clip_ids, groups).tolist()):
        return behind
    if behind.taught_labels:
        raise nothing_to_test(behind.name)
    return None


def run_repeat(
    clips: Clips, bench: Bench, config: MethodsConfig, seed: int, interrupt: InterruptFlag, step: Callable[[], None]
) -> Repeat:
    """Return what every method reaches in the repeat of one seed; `step` is called after each head."""
    split = clips.split(seed)
    pool = plant(clips.inputs.matrix[split[TRAIN]], config.inject, generator(seed))
    taught = split[TRAIN][pool.origins]
    targets = clips.examples(taught).targets
    valid, probe = clips.examples(split[VALID]), replace(config.probe, seed=seed)
    tried = []
    for method, keep, chosen in _choices(pool, config, seed, interrupt):
        train = Examples(pool.matrix[chosen], targets[chosen])
        metrics = bench.score(train, valid, split[TEST], probe, interrupt).metrics
        left, least = pool.duplicates_left(chosen), pool.least_left(len(chosen))
        tried.append(Tried(method, keep, len(chosen), metrics, left, least))
        step()
    return Repeat(seed, pool.clips, pool.planted, len(split[VALID]), len(split[TEST]), tuple(tried))


def _choices(
    pool: Pool, config: MethodsConfig, seed: int, interrupt: InterruptFlag
) -> Iterator[tuple[str, float, Rows]]:
    """Give method, kept share and rows of the pool: everything first, then as many for every method."""
    m = len(pool.origins)
    yield FULL, 1.0, np.arange(m)
    for method in config.arms:
        ranks = method_ranks(pool.matrix, method, config.pruning(seed))
        if interrupt.raised:
            raise Interrupted
        for keep in config.keeps:
            yield method, keep, np.flatnonzero(ranks < budget(keep, m))
