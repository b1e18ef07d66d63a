"""Areas under the ROC and the precision-recall curve, of many rankings at once and of many resamples of one.

Both are those of scikit-learn's `roc_auc_score` and `average_precision_score`: equal scores are one threshold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..schemas.vector import Float32

Bools = NDArray[np.bool_]
Counts = NDArray[np.int32]
Areas = NDArray[np.float64]


def row_areas(truth: Bools, scores: Float32) -> tuple[Areas, Areas]:
    """Return ROC-AUC and average precision of each row, float64[r] both, for bool[r, m] truth and float32[r, m] scores.

    A row in which all or none is true has neither area, and NaN for both.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    truth, scores = np.take_along_axis(truth, order, axis=1), np.take_along_axis(scores, order, axis=1)
    first, last = _ties(scores)
    hits = np.cumsum(truth, axis=1, dtype=np.float64)
    at_last, so_far = np.take_along_axis(hits, last, axis=1), last + 1.0
    before = np.take_along_axis(hits - truth, first, axis=1)
    yes = truth.sum(axis=1, dtype=np.float64)
    no = truth.shape[1] - yes
    wrong = np.where(truth, (first - before) + (so_far - at_last), 0).sum(axis=1) / 2
    precise = np.where(truth, at_last / so_far, 0).sum(axis=1)
    return _where(yes, no, 1 - _ratio(wrong, yes * no), _ratio(precise, yes))


def resampled_areas(truth: Bools, scores: Float32, counts: Counts) -> tuple[Areas, Areas]:
    """Return ROC-AUC and average precision, float64[b] both, of each of b resamples of n clips.

    truth: bool[n]; scores: float32[n]; counts: int32[b, n], how often each clip was drawn. A resample in which all or
    none is true has NaN for both.
    """
    order = np.argsort(-scores, kind="stable")
    truth, scores, counts = truth[order], scores[order], np.take(counts, order, axis=1)
    first, last = (ends[0] for ends in _ties(scores[None]))
    drawn_by = np.cumsum(counts, axis=1, dtype=np.int32)  # n at most
    rows = np.flatnonzero(truth)  # few, as a rule: only the sum above goes over all clips
    drawn = counts[:, rows].astype(np.float64)
    hits = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(drawn, axis=1)], axis=1)
    at_last = hits[:, np.searchsorted(rows, last[rows], side="right")]
    before = hits[:, np.searchsorted(rows, first[rows], side="left")]
    so_far = drawn_by[:, last[rows]].astype(np.float64)
    earlier = (drawn_by[:, first[rows]] - counts[:, first[rows]]).astype(np.float64)
    yes = hits[:, -1]
    no = drawn_by[:, -1] - yes
    wrong = (drawn * ((earlier - before) + (so_far - at_last))).sum(axis=1) / 2
    precise = (drawn * _ratio(at_last, so_far)).sum(axis=1)
    return _where(yes, no, 1 - _ratio(wrong, yes * no), _ratio(precise, yes))


def _ties(scores: Float32) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return int64[r, m] both: in each sorted row, the first and the last place with the score of each place."""
    m = scores.shape[1]
    changes = scores[:, 1:] != scores[:, :-1]
    edge = np.ones((len(scores), 1), np.bool_)
    starts, stops = np.concatenate([edge, changes], axis=1), np.concatenate([changes, edge], axis=1)
    first = np.maximum.accumulate(np.where(starts, np.arange(m), 0), axis=1)
    last = np.minimum.accumulate(np.where(stops, np.arange(m), m)[:, ::-1], axis=1)[:, ::-1]
    return first, last


def _ratio(above: Areas, below: Areas) -> Areas:
    return above / np.maximum(below, 1)


def _where(yes: Areas, no: Areas, roc: Areas, precision: Areas) -> tuple[Areas, Areas]:
    defined = (yes > 0) & (no > 0)
    return np.where(defined, roc, np.nan), np.where(defined, precision, np.nan)
