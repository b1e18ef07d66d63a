"""A fresh head on a choice of train clips, and what it reaches on test clips: what every pruning comparison repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from ..store.store import Store
from ..training.config import ProbeConfig
from ..training.fit import fit_head
from ..training.head import Head
from ..training.inputs import Inputs
from ..training.interrupt import InterruptFlag
from ..training.labels import Labels
from ..training.module import Examples
from .metrics import TagScores, tag_scores
from .tags import mean_per_clip

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Bench:
    """The clips that heads are tested on, with all their segments.

    labels: of the whole store; truth: bool[n, c], of the n clips that may be tested; rows: int64[t], those of the n
    that are, sorted; owners, vectors: the clip and the raw vector of each of their segments.
    """

    labels: Labels
    truth: NDArray[np.bool_]
    rows: Rows
    owners: list[str]
    vectors: Float32

    def score(
        self, train: Examples, valid: Examples, test: Rows, config: ProbeConfig, interrupt: InterruptFlag
    ) -> TagScores:
        """Fit a fresh head on `train`, stopped by `valid`, and score it on the rows `test`.

        All segments of a test clip are classified and their probabilities averaged.
        """
        classes, multi_label = self.labels.classes, self.labels.multi_label
        fitted = fit_head(train, valid, len(classes), config, interrupt=interrupt)
        head = Head(fitted.weights, classes, multi_label, unit=config.inputs == "clip")
        probabilities = mean_per_clip(self.owners, head.probabilities(self.vectors))
        return tag_scores(self.truth[test], probabilities[np.searchsorted(self.rows, test)], classes, multi_label)


def read_bench(store: Store, inputs: Inputs, labels: Labels, tests: Sequence[Rows]) -> Bench:
    """Read the segments of every clip of `inputs` that one of `tests` (int64, row numbers) names."""
    rows = np.unique(np.concatenate(tests))
    owners, _, vectors = store.segments(inputs.space.name, [inputs.clip_ids[row] for row in rows])
    return Bench(labels, labels.hot[labels.rows(inputs.clip_ids)], rows, owners, vectors)
