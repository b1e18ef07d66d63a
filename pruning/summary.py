"""A plan in figures: what it keeps, how well that stands for the rest, and what to look out for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..schemas.view import Kept
from .cluster import NOISE
from .config import budget
from .coverage import MAX_PAIRS, coverage
from .leakage import Leak
from .members import by_cluster

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

    split: the one that is pruned, None for all clips; clustering: how clusters were found, which says "exact" or
    "approximate"; agreement: of approximate ones with exact ones, None where they are exact; duplicates_recall: the
    share of pairs of duplicates that was found, 1.0 where none can be missing. reasons: how many clips for each reason
    of `Kept`; duplicate_groups: groups that were collapsed; coverage: of the pool by what is kept of it, measured on
    its vectors (coverage.py: on a sample of very many); clusters: the same for each, noise (-1) first; leaks: kept
    clips with a duplicate in another split; warnings: sentences for whoever reads this.
    """

    clips: int
    kept: int
    hours: float
    hours_kept: float
    pool_clips: int
    pool_kept: int
    split: str | None
    clustering: str
    agreement: float | None
    duplicates_recall: float
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
    leaks = plan.kept_leaks
    counts = pc.value_counts(rows.column("reason").combine_chunks())
    reasons = dict(sorted(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True)))
    return PlanSummary(
        clips=len(material),
        kept=int(kept.sum()),
        hours=float(material.seconds.sum() / 3600),
        hours_kept=float(material.seconds[kept].sum() / 3600),
        pool_clips=len(material.pool),
        pool_kept=int(plan.kept.sum()),
        split=material.split,
        clustering=plan.choice.algorithm,
        agreement=plan.choice.agreement,
        duplicates_recall=plan.choice.duplicates_recall,
        reasons=reasons,
        duplicate_groups=len(np.unique(plan.choice.duplicate_of[plan.choice.is_duplicate])),
        coverage=coverage(material.pooled, plan.kept),
        clusters=_clusters(plan),
        leaks=leaks,
        examples=_examples(plan),
        warnings=(*plan.warnings, *_warnings(plan, reasons, leaks)),
    )


def _clusters(plan: Plan) -> tuple[ClusterSummary, ...]:
    labels, pool = plan.choice.labels, plan.material.pool
    summaries = []
    for label, members in by_cluster(labels):
        kept, share = plan.kept[members], MAX_PAIRS * len(members) // len(pool)
        covered = coverage(plan.material.matrix[pool[members]], kept, max_pairs=share)
        summaries.append(ClusterSummary(label, len(kept), int(kept.sum()), covered))
    return tuple(summaries)


def _examples(plan: Plan) -> tuple[Example, ...]:
    """Return the pruned clips nearest to what stands for them, duplicates and redundant ones in turn."""
    paths = plan.material.path_of
    copy = pc.equal(plan.rows.column("reason"), Kept.DUPLICATE.value)
    copies = _nearest(plan.rows, copy, EXAMPLES // 2)
    others = _nearest(plan.rows, pc.invert(copy), EXAMPLES - len(copies))
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


def _nearest(rows: pa.Table, which: pa.ChunkedArray, count: int) -> list[dict[str, Any]]:
    """Return the first pruned rows of VIEW_ROWS by similarity to their representative, then by clip id."""
    pruned = pc.and_(pc.invert(rows.column("kept")), pc.is_valid(rows.column("representative")))
    found = rows.filter(pc.and_(which, pruned))
    order = found.sort_by([("similarity", "descending"), ("clip_id", "ascending")])
    nearest: list[dict[str, Any]] = order.slice(0, count).to_pylist()
    return nearest


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
