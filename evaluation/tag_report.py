"""What `evaluate tags` found for one run, as frozen objects: what `--json` prints, and tables of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..training.splits import like_run
from .bootstrap import Bounds

OF_SEGMENTS = "probabilities averaged over the segments of a clip"
OF_MEANS = "probabilities of the mean over the windows of a clip"

Columns = tuple[list[str], list[tuple[object, ...]]]


@dataclass(frozen=True)
class TagRow:
    """One class against all others. None: all or none of the clips have it, or no intervals were asked for."""

    name: str
    positives: int
    roc_auc: float | None
    pr_auc: float | None
    roc_auc_bounds: Bounds | None
    pr_auc_bounds: Bounds | None


@dataclass(frozen=True)
class TagReport:
    """One head on the clips of a split.

    splits_of: the run that trained the encoder, where the splits are that run's ("": they are not); taught_clips: how
    many clips of the split were left out because they taught the encoder their labels; segments: how many vectors of
    the others were classified; metrics: by key (metrics.py); bounds: by the same keys, from `resamples` of the clips
    drawn by `seed` (none: empty); left_out_classes: those that all or none of the clips have; left_out_clips: how many
    have all or none of the classes, and so no figure by clip; tags: one row per class; protocol: OF_SEGMENTS, or
    OF_MEANS where the space holds the mean vector of each clip.
    """

    run: str
    view: str
    split: str
    splits_of: str
    taught_clips: int
    clips: int
    segments: int
    multi_label: bool
    metrics: dict[str, float]
    bounds: dict[str, Bounds]
    resamples: int
    seed: int
    left_out_classes: tuple[str, ...]
    left_out_clips: int
    tags: tuple[TagRow, ...]
    protocol: str

    @property
    def note(self) -> str:
        """What is to be known of the splits, "" for nothing."""
        told = [f"splits {like_run(self.splits_of)}"] if self.splits_of else []
        if self.taught_clips:
            told.append(f"left out: {self.taught_clips} clips that taught the encoder their labels")
        return "; ".join(told)

    def table(self) -> Columns:
        """Return a header and one row per metric."""
        rows = sorted(self.metrics.items())
        if not self.resamples:
            return ["metric", "value"], list(rows)
        return ["metric", "value", "low", "high"], [(key, value, *_ends(self.bounds[key])) for key, value in rows]

    def tag_table(self) -> Columns:
        """Return a header and one row per class, in the order of the head's outputs."""
        columns = ["tag", "positives", "ROC-AUC", "PR-AUC"]
        if not self.resamples:
            return columns, [(tag.name, tag.positives, tag.roc_auc, tag.pr_auc) for tag in self.tags]
        rows: list[tuple[object, ...]] = [
            (
                *(tag.name, tag.positives),
                *(tag.roc_auc, *_ends(tag.roc_auc_bounds)),
                *(tag.pr_auc, *_ends(tag.pr_auc_bounds)),
            )
            for tag in self.tags
        ]
        return [*columns[:3], "low", "high", columns[3], "low", "high"], rows


def _ends(found: Bounds | None) -> tuple[float | None, float | None]:
    return (found.low, found.high) if found else (None, None)
