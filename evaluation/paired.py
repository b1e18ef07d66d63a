"""Fresh heads in pairs: what every arm of every repeat reaches on test clips that all arms of the repeat share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from ..progress import Progress
from ..store.store import Store
from ..training.config import ProbeConfig
from ..training.inputs import Inputs
from ..training.interrupt import InterruptFlag
from ..training.labels import Labels
from ..training.module import Examples
from .heads import read_bench
from .metrics import TagScores
from .report import Arm, Comparison
from .stats import mean_interval, paired_difference
from .trials import Rows, Trial

Scores = dict[str, list[TagScores]]
"""By arm, one entry per repeat."""


def score_arms(
    store: Store,
    inputs: Inputs,
    labels: Labels,
    trials: Sequence[Trial],
    config: ProbeConfig,
    interrupt: InterruptFlag,
    progress: Progress,
) -> Scores:
    """Train and test a fresh head for each arm of each trial; repeat k has the seed of trial k."""

    def examples(rows: Rows) -> Examples:
        return Examples(inputs.matrix[rows], labels.targets([inputs.clip_ids[row] for row in rows]))

    bench = read_bench(store, inputs, labels, [trial.test for trial in trials])
    arms = list(trials[0].train)
    scores: Scores = {arm: [] for arm in arms}
    for number, trial in enumerate(trials):
        valid, settings = examples(trial.valid), replace(config, seed=trial.seed)
        for place, arm in enumerate(arms):
            scores[arm].append(bench.score(examples(trial.train[arm]), valid, trial.test, settings, interrupt))
            progress("probe", number * len(arms) + place + 1, len(trials) * len(arms))
    return scores


def arms_of(trials: Sequence[Trial], scores: Scores) -> tuple[Arm, ...]:
    """Return what each arm reached, in the order of `scores`."""
    return tuple(_arm(name, trials, found) for name, found in scores.items())


def comparisons_of(arms: Sequence[Arm]) -> tuple[Comparison, ...]:
    """Return every arm minus every later one, in every metric."""
    return tuple(
        Comparison(a.name, b.name, metric, paired_difference(a.values[metric], b.values[metric]))
        for a, b in combinations(arms, 2)
        for metric in a.values
    )


def _arm(name: str, trials: Sequence[Trial], scores: Sequence[TagScores]) -> Arm:
    values = {metric: tuple(found.metrics[metric] for found in scores) for metric in scores[0].metrics}
    means = {metric: mean_interval(found) for metric, found in values.items()}
    return Arm(name, tuple(len(trial.train[name]) for trial in trials), values, means)
