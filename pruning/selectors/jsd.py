"""Jensen-Shannon pruning: thin out the closest pairs until the spread of similarities is as even as asked for.

p_S is the histogram of the cosines of all pairs in S, p_0 that of the whole cluster. Clips leave one by one: of the
closest pair that is left, the one more similar to all others. Among all the sets met on this way, the one is kept
whose p_S is nearest in Jensen-Shannon divergence (base 2; Lin, 1991) to (1 - t) p_0 + t uniform: the cluster's own
spread for t = 0, an even one for t = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ...indexing.near import blocks
from ...schemas.vector import Float32
from .base import Selection, similarities
from .registry import register

Float64 = NDArray[np.float64]

_NO_PAIR = -2.0
"""Stands in a matrix of cosines where there is no pair (any more)."""

_STEPS = 100
"""`t` counts in hundredths: the cut is the lowest of those at all hundredths up to t, so that it can only fall."""


@register("jsd")
@dataclass(frozen=True)
class JSD:
    """Closest-pair elimination, cut by divergence. t: 0 keeps all, towards 1 removes more; bins: of the histogram."""

    name: ClassVar[str]
    needs_keep: ClassVar[bool] = False

    t: float = 0.5
    bins: int = 32

    def __post_init__(self) -> None:
        if not 0 <= self.t <= 1:
            raise UsageError(f"t runs from 0 (keep all) to 1 (the most even spread), not {self.t}")
        if not 2 <= self.bins <= 256:
            raise UsageError(f"bins must be from 2 to 256, not {self.bins}")

    def select(  # no chance here
        self,
        vectors: Float32,
        rng: np.random.Generator,  # noqa: ARG002
        weights: Float32 | None = None,  # noqa: ARG002
    ) -> Selection:
        """Order by elimination, the last to leave first; keep the prefix of lowest divergence.

        gains: 1 - cosine to the nearest of the clips before it. Fewer than 3 clips are all kept; so are clips that
        are all equally far apart; of clips that are all identical one is kept, unless t is 0.
        """
        m = len(vectors)
        cosines = similarities(vectors)
        low, high = _range(cosines)
        order, gains, histograms = _eliminate(cosines, _binned(cosines, low, high, self.bins), self.bins)
        kept = m
        if m >= 3 and self.t > 0:
            kept = _cut(histograms, self.t) if high > low else 1 if low == 1 else m
        return Selection(order, gains, kept)


def jensen_shannon(p: Float64, q: Float64) -> Float64:
    """Return the divergence in bits (0 to 1) of distributions p float64[..., bins] and q float64[bins]."""
    return _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2


def _entropy(p: Float64) -> Float64:
    logs = np.log2(p, out=np.zeros_like(p), where=p > 0)
    return np.asarray(-(p * logs).sum(axis=-1))


def _cut(histograms: Float64, t: float) -> int:
    """Return how many clips to keep: the prefix whose histogram (row r - 2 for r clips) is nearest to the target."""
    p = histograms / histograms.sum(axis=1, keepdims=True)
    whole, even = p[-1], np.full(p.shape[1], 1 / p.shape[1])
    kept = len(p) + 1
    for step in range(1, round(t * _STEPS) + 1):
        share = step / _STEPS
        divergence = jensen_shannon(p, (1 - share) * whole + share * even)
        largest_first = divergence[::-1]
        kept = min(kept, len(p) + 1 - int(np.argmin(largest_first)))
    return kept


def _eliminate(cosines: Float32, binned: NDArray[np.uint8], bins: int) -> tuple[NDArray[np.int64], Float32, Float64]:
    """Return the order int64[m], gains float32[m], and the histograms of the first 2..m clips, float64[m - 1, bins].

    Overwrites `cosines`, whose diagonal is _NO_PAIR: each row keeps its nearest remaining row, renewed when that
    leaves.
    """
    m = len(cosines)
    totals = cosines.sum(axis=1, dtype=np.float64)
    nearest, score = cosines.argmax(axis=1), cosines.max(axis=1)
    left = np.ones(m, dtype=np.bool_)
    histograms = np.zeros((max(m - 1, 0), bins))
    order, gains = np.zeros(m, dtype=np.int64), np.ones(m, dtype=np.float32)
    counts = _count_pairs(binned, bins)
    for place in range(m - 1, 0, -1):
        histograms[place - 1] = counts
        a = int(np.argmax(score))
        out = max(a, int(nearest[a]), key=lambda row: (totals[row], row))
        order[place], gains[place] = out, 1 - score[a]
        left[out] = False
        counts = counts - np.bincount(binned[out, left], minlength=bins)
        totals -= cosines[out]
        cosines[:, out] = score[out] = _NO_PAIR
        widowed = np.flatnonzero(left & (nearest == out))
        nearest[widowed] = cosines[widowed].argmax(axis=1)
        score[widowed] = cosines[widowed, nearest[widowed]]
    order[0] = int(np.flatnonzero(left)[0])
    return order, gains, histograms


def _range(cosines: Float32) -> tuple[float, float]:
    """Return the lowest and highest cosine of any two clips, (1, 1) for a single one; the diagonal becomes _NO_PAIR."""
    if len(cosines) < 2:
        return 1.0, 1.0
    np.fill_diagonal(cosines, -_NO_PAIR)
    low = float(cosines.min())
    np.fill_diagonal(cosines, _NO_PAIR)
    return low, float(cosines.max())


def _binned(cosines: Float32, low: float, high: float, bins: int) -> NDArray[np.uint8]:
    """Return uint8[m, m]: the bin of each cosine among `bins` equal ones from `low` to `high`; 0 on the diagonal."""
    scale = bins / (high - low) if high > low else 0.0
    binned = np.empty(cosines.shape, dtype=np.uint8)
    for at in blocks(len(cosines), len(cosines)):
        binned[at] = np.clip((cosines[at] - low) * scale, 0, bins - 1)
    return binned


def _count_pairs(binned: NDArray[np.uint8], bins: int) -> NDArray[np.int64]:
    """Return int64[bins]: how many pairs of rows fall into each bin."""
    counts = np.zeros(bins, dtype=np.int64)
    for at in blocks(len(binned), len(binned)):
        counts += np.bincount(binned[at].ravel(), minlength=bins)
    counts[0] -= len(binned)  # the diagonal
    return counts // 2
