"""What a plan cannot do as it was asked, in sentences: labels left short, and work that takes very long."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..schemas.view import Kept
from .choice import Choice
from .cluster import slow_exact
from .config import PruneConfig
from .labels import LabelPairs, label_pairs
from .material import Material
from .two_stage import GIANT_ROWS
from .versions import NO_WORK

Mask = NDArray[np.bool_]

_CAUSES: dict[str, str] = {
    Kept.LEAKAGE: "leakage='keep-test' leaves theirs to other splits",
    Kept.VERSION: "versions='one-per-work' leaves one of each work",
}
"""Why a label cannot have the clips that it has."""


def cautions(material: Material, choice: Choice, kept: Mask, config: PruneConfig) -> tuple[str, ...]:
    """Return what to say of a plan that keeps these clips of the pool (bool[m])."""
    said = list(_short_labels(material, choice, kept, config)) if config.min_per_label else []
    distinct = int(np.count_nonzero(~choice.is_duplicate))
    slow = slow_exact(distinct, material.matrix.shape[1], config)
    return (*said, *_without_work(material, config), *_in_two_stages(choice), *([slow] if slow else []))


def _in_two_stages(choice: Choice) -> Iterator[str]:
    """Yield how many clusters were cut, because they are too large for one node."""
    if choice.two_stage:
        yield (
            f"{len(choice.two_stage)} clusters of more than {GIANT_ROWS:,} clips were selected from in two stages, "
            "which this machine alone does not: more clips are kept than by one (docs/ray.md)"
        )


def _without_work(material: Material, config: PruneConfig) -> Iterator[str]:
    """Yield how many clips say of no work, where works decide."""
    if material.performances is None:
        return
    asked = np.flatnonzero(material.in_split & material.has_vector)
    none = int(np.count_nonzero(material.performances.work[asked] == NO_WORK))
    if none:
        yield f"{none} of {len(asked)} clips have no work: versions={config.versions!r} has no say about them"


def _short_labels(material: Material, choice: Choice, kept: Mask, config: PruneConfig) -> Iterator[str]:
    """Yield of how many labels fewer clips are kept than min_per_label, or copies of each other."""
    count, pairs = config.min_per_label, label_pairs(material.described.column("labels"))
    able, left = np.zeros(len(material), np.bool_), np.zeros(len(material), np.bool_)
    able[material.pool] = able[material.left_out.rows] = True
    left[material.pool] = kept
    groups = np.zeros(len(material), np.int64)
    groups[material.pool] = choice.duplicate_of
    most = np.minimum(pairs.counts(able), count)
    keeps, distinct = pairs.counts(left), pairs.distinct(left, groups)
    causes = sorted({_CAUSES[reason] for reason in material.left_out.reasons})
    yield from _told(
        pairs,
        np.flatnonzero(keeps < most),
        keeps,
        f"keep fewer than min_per_label={count} clips, because {' and '.join(causes)}",
    )
    yield from _told(
        pairs,
        np.flatnonzero((distinct < keeps) & (distinct < count)),
        distinct,
        f"have fewer than min_per_label={count} clips that are no copies of each other: copies fill up",
    )


def _told(pairs: LabelPairs, short: NDArray[np.int64], counts: NDArray[np.float64], what: str) -> Iterator[str]:
    if len(short):
        worst = short[np.argmin(counts[short])]
        yield f"{len(short)} labels {what} ({pairs.names[worst]!r} has {counts[worst]:.0f})"
