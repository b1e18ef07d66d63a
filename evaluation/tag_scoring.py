"""Every figure of a tagging report, from truth and probabilities alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32
from .bootstrap import Bounds, bounds, resampled_classes, resampled_mean
from .curves import Areas, row_areas
from .metrics import ACCURACY, CLIP_PR_AUC, CLIP_ROC_AUC, PR_AUC, ROC_AUC, hits, tag_scores
from .tag_report import TagRow


@dataclass(frozen=True)
class Scored:
    """metrics and bounds: by key; rows: per class; left_out: classes that all or none of the clips have.

    left_out_clips: how many clips have all or none of the classes.
    """

    metrics: dict[str, float]
    bounds: dict[str, Bounds]
    rows: tuple[TagRow, ...]
    left_out: tuple[str, ...]
    left_out_clips: int


@dataclass(frozen=True)
class Resampling:
    """How often clips are drawn anew (0: never), and the seed of the draws, which are the same for every figure."""

    resamples: int = 0
    seed: int = 0


def score(
    truth: NDArray[np.bool_],
    probabilities: Float32,
    classes: Sequence[str],
    multi_label: bool,
    resampling: Resampling,
) -> Scored:
    """Score float32[n, c] probabilities against bool[n, c] truth. Raises UsageError where nothing can be scored."""
    found = tag_scores(truth, probabilities, classes, multi_label)
    by_tag = row_areas(truth.T, probabilities.T)
    rows, means = _rows(truth, probabilities, classes, by_tag, resampling)
    by_clip = row_areas(truth, probabilities) if multi_label else (hits(truth, probabilities),)
    keys = (CLIP_ROC_AUC, CLIP_PR_AUC) if multi_label else (ACCURACY,)
    ranked = ~np.isnan(by_clip[0])
    metrics, ranges = dict(found.metrics), {key: means[key] for key in found.metrics if key in means}
    if ranked.any():
        metrics |= {key: float(values[ranked].mean()) for key, values in zip(keys, by_clip, strict=True)}
        if resampling.resamples:
            drawn = [resampled_mean(values, resampling.resamples, resampling.seed) for values in by_clip]
            ranges |= {key: bounds(figures) for key, figures in zip(keys, drawn, strict=True)}
    return Scored(metrics, ranges, rows, found.left_out, int((~ranked).sum()))


def _rows(
    truth: NDArray[np.bool_],
    probabilities: Float32,
    classes: Sequence[str],
    by_tag: tuple[Areas, Areas],
    resampling: Resampling,
) -> tuple[tuple[TagRow, ...], dict[str, Bounds]]:
    """Return one row per class, and the intervals of the means over classes."""
    positives = truth.sum(axis=0)
    defined = np.flatnonzero(~np.isnan(by_tag[0]))
    of_class: dict[int, tuple[Bounds, Bounds]] = {}
    means: dict[str, Bounds] = {}
    if resampling.resamples and len(defined):
        drawn = resampled_classes(truth[:, defined], probabilities[:, defined], resampling.resamples, resampling.seed)
        of_class = {int(k): (bounds(drawn[0][:, place]), bounds(drawn[1][:, place])) for place, k in enumerate(defined)}
        means = {key: bounds(_row_means(areas)) for key, areas in zip((ROC_AUC, PR_AUC), drawn, strict=True)}
    rows = []
    for k, name in enumerate(classes):
        roc, precision = (None if np.isnan(areas[k]) else float(areas[k]) for areas in by_tag)
        rows.append(TagRow(name, int(positives[k]), roc, precision, *of_class.get(k, (None, None))))
    return tuple(rows), means


def _row_means(areas: Areas) -> Areas:
    """Return float64[b]: the mean over the classes that have a figure in a resample, NaN where none has."""
    count = (~np.isnan(areas)).sum(axis=1)
    return np.where(count > 0, np.nansum(areas, axis=1) / np.maximum(count, 1), np.nan)
