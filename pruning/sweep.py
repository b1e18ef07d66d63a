"""One plan at many budgets: what each share keeps, covers and shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..indexing.groups.stars import Pairs
from .config import DEFAULT_DUPLICATE_SCORE
from .coverage import MAX_PAIRS, coverages
from .labels import label_pairs
from .parts import near_clips
from .selectors.jsd_cut import jensen_shannon

if TYPE_CHECKING:
    from .plan import Plan

Rows = NDArray[np.int64]

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

MEASURED = 4 * MAX_PAIRS
"""Pairs of clips for the coverage of all shares together: every clip up to 46,000, a sample of 10,000 at 200,000."""

_DURATION_BINS = 20
"""Bins of equal count, as far as durations differ: a few very long clips do not flatten the rest."""


@dataclass(frozen=True)
class SweepPoint:
    """A budget of a plan, in clips of the pruned split.

    share: as asked; kept: clips, more than asked where more are required; kept_share: 0 to 1; hours: kept; coverage:
    of all clips, measured on a sample of very many; duplicates_left: kept clips with a duplicate that is kept before
    them; duplicates_recall: the share of pairs of duplicates that was found, 1.0 where none can be missing;
    label_shift, duration_shift: Jensen-Shannon divergence, in bits, of labels and durations from those of the whole
    split; None where no clip that is kept has a label.
    """

    share: float
    kept: int
    kept_share: float
    hours: float
    coverage: float
    duplicates_left: int
    duplicates_recall: float
    label_shift: float | None
    duration_shift: float


def sweep(plan: Plan, shares: Sequence[float] = SHARES) -> list[SweepPoint]:
    """Return the plan at each share (above 0, up to 1), ascending; nothing is selected again.

    Duplicates are counted at the plan's own score, or at DEFAULT_DUPLICATE_SCORE where it collapses none. Raises
    UsageError for a share that is no budget.
    """
    material, rank = plan.material, plan.choice.rank
    matrix, seconds = material.matrix[material.pool], material.seconds[material.pool]
    labels = label_pairs(material.described.column("labels").take(material.pool))
    everything = np.ones(len(rank), dtype=np.bool_)
    pairs = pairs_of(plan)
    late = after_a_duplicate(pairs, rank)
    bins = _bins(seconds)
    shares = sorted({float(share) for share in shares})
    budgets = [rank < plan.kept_of(share) for share in shares]
    return [
        SweepPoint(
            share=share,
            kept=int(kept.sum()),
            kept_share=float(kept.mean()),
            hours=float(seconds[kept].sum() / 3600),
            coverage=covered,
            duplicates_left=int((kept & late).sum()),
            duplicates_recall=pairs.recall,
            label_shift=_shift(labels.counts(kept), labels.counts(everything)),
            duration_shift=_shift(_counts(bins, kept), _counts(bins, everything)) or 0.0,
        )
        for share, kept, covered in zip(shares, budgets, coverages(matrix, budgets, max_pairs=MEASURED), strict=True)
    ]


def pairs_of(plan: Plan) -> Pairs:
    """Return the pairs of duplicates among the clips of the pool, at the plan's score or DEFAULT_DUPLICATE_SCORE."""
    material, config = plan.material, plan.config
    apart, score = material.apart(config.versions), config.duplicate_score or DEFAULT_DUPLICATE_SCORE
    return near_clips(material.parts(material.pool), score, apart and apart.take(material.pool))


def after_a_duplicate(pairs: Pairs, rank: Rows) -> NDArray[np.bool_]:
    """Return bool[n]: the rows that have a duplicate of a lower rank.

    In order of rank, so that the first of many copies answers for them all: only rows not yet known to be late are
    asked who is near them.
    """
    late = np.zeros(len(rank), dtype=np.bool_)
    having = np.flatnonzero(pairs.counts)
    for row in having[np.argsort(rank[having])].tolist():
        if late[row]:
            continue
        near = pairs.near(row)
        after = rank[near] > rank[row]
        late[near[after]] = True
        late[row] = not after.all()
    return late


def _bins(seconds: NDArray[np.float64]) -> Rows:
    """Return int64[n]: the bin of each duration."""
    edges = np.unique(np.quantile(seconds, np.linspace(0, 1, _DURATION_BINS + 1)[1:-1]))
    return np.searchsorted(edges, seconds, side="left")


def _counts(bins: Rows, which: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.bincount(bins[which], minlength=_DURATION_BINS).astype(np.float64)


def _shift(kept: NDArray[np.float64], whole: NDArray[np.float64]) -> float | None:
    """Return the divergence of two histograms in bits, None where one is empty."""
    if not kept.any():
        return None
    return max(0.0, float(jensen_shannon(kept / kept.sum(), whole / whole.sum())))
