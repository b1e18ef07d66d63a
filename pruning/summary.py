"""A plan in figures: what it keeps, how well that stands for the rest, and what to look out for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..schemas.view import Kept
from .cluster import NOISE
from .config import budget
from .coverage import coverage
from .leakage import Leak

if TYPE_CHECKING:
    from .plan import Plan

EXAMPLES = 5
"""Pruned clips that a summary shows."""


@dataclass(frozen=True)
class ClusterSummary:
    """A cluster (-1: noise): its clips, duplicates included, how many are kept, and how well those cover it."""

    cluster: int
    size: int
    kept: int
    coverage: float


@dataclass(frozen=True)
class Example:
    """A pruned clip and the one that stands for it, with their cosine."""

    clip_id: str
    path: str
    reason: str
    representative: str
    representative_path: str
    similarity: float


@dataclass(frozen=True)
class PlanSummary:
    """Counts of clips and hours of audio of a plan: of the whole source, and of the pruned split alone (`pool_...`).

    reasons: how many clips for each reason of `Kept`; duplicate_groups: groups that were collapsed; coverage: of the
    pool by what is kept of it, measured on the vectors of all its clips; clusters: the same for each, noise (-1)
    first; leaks: kept clips with a duplicate in another split; warnings: sentences for whoever reads this.
    """

    clips: int
    kept: int
    hours: float
    hours_kept: float
    pool_clips: int
    pool_kept: int
    reasons: dict[str, int]
    duplicate_groups: int
    coverage: float
    clusters: tuple[ClusterSummary, ...]
    leaks: tuple[Leak, ...]
    examples: tuple[Example, ...]
    warnings: tuple[str, ...]

    @property
    def share(self) -> float:
        """The kept share of the clips of the source, 0 to 1."""
        return self.kept / self.clips if self.clips else 0.0


def summarise(plan: Plan) -> PlanSummary:
    """Return the figures of a plan."""
    material, rows = plan.material, plan.rows
    kept = rows.column("kept").to_numpy()
    leaks = _kept_leaks(plan)
    reasons = dict(sorted(Counter(rows.column("reason").to_pylist()).items()))
    return PlanSummary(
        clips=len(material),
        kept=int(kept.sum()),
        hours=float(material.seconds.sum() / 3600),
        hours_kept=float(material.seconds[kept].sum() / 3600),
        pool_clips=len(material.pool),
        pool_kept=int(plan.kept.sum()),
        reasons=reasons,
        duplicate_groups=len(np.unique(plan.choice.duplicate_of[plan.choice.is_duplicate])),
        coverage=coverage(material.matrix[material.pool], plan.kept),
        clusters=_clusters(plan),
        leaks=leaks,
        examples=_examples(plan),
        warnings=tuple(_warnings(plan, reasons, leaks)),
    )


def _clusters(plan: Plan) -> tuple[ClusterSummary, ...]:
    labels, matrix = plan.choice.labels, plan.material.matrix[plan.material.pool]
    summaries = []
    for label in np.unique(labels):
        inside = labels == label
        kept = plan.kept[inside]
        summaries.append(ClusterSummary(int(label), len(kept), int(kept.sum()), coverage(matrix[inside], kept)))
    return tuple(summaries)


def _kept_leaks(plan: Plan) -> tuple[Leak, ...]:
    """Return the leaks whose two clips are both kept: those that the view will have."""
    kept = dict(zip(plan.material.clip_ids, plan.rows.column("kept").to_pylist(), strict=True))
    return tuple(leak for leak in plan.leaks if kept[leak.clip_id] and kept[leak.other])


def _examples(plan: Plan) -> tuple[Example, ...]:
    """Return the pruned clips nearest to what stands for them, duplicates and redundant ones in turn."""
    paths = dict(zip(plan.material.clip_ids, plan.material.paths, strict=True))
    rows = [row for row in plan.rows.to_pylist() if not row["kept"] and row["representative"]]
    rows.sort(key=lambda row: (-row["similarity"], row["clip_id"]))
    copies = [row for row in rows if row["reason"] == Kept.DUPLICATE][: EXAMPLES // 2]
    others = [row for row in rows if row["reason"] != Kept.DUPLICATE][: EXAMPLES - len(copies)]
    return tuple(
        Example(
            clip_id=row["clip_id"],
            path=paths[row["clip_id"]],
            reason=row["reason"],
            representative=row["representative"],
            representative_path=paths[row["representative"]],
            similarity=row["similarity"],
        )
        for row in copies + others
    )


def _warnings(plan: Plan, reasons: dict[str, int], leaks: tuple[Leak, ...]) -> list[str]:
    warnings = []
    missing = reasons.get(Kept.NO_VECTOR, 0)
    if missing:
        space = plan.material.space
        warnings.append(
            f"{missing} clips have no vector in space {space.name!r} and are left out; "
            f"run `echodex embed {space.encoder}`"
        )
    if leaks:
        worst = leaks[0]
        warnings.append(
            f"{len(leaks)} kept clips have a duplicate in another split, the nearest {worst.clip_id} of "
            f"{worst.split!r} and {worst.other} of {worst.other_split!r} at {worst.score:.3f}: "
            "what is tested there was trained on"
        )
    asked, required = plan.config.keep, plan.choice.required
    if asked is not None and (count := budget(asked, len(plan.material.pool))) < required:
        warnings.append(
            f"pins and min_per_label need more than the budget of {count}: it keeps {required} clips instead"
        )
    noise = float(np.mean(plan.choice.labels == NOISE))
    if noise > 0.5:
        warnings.append(
            f"{noise:.0%} of the clips are in no cluster and fall under noise={plan.config.noise!r}; "
            "a smaller min_cluster_size or min_samples finds more clusters"
        )
    return warnings
