"""How many clips of an order to keep, by the Jensen-Shannon divergence of their similarities' histogram.

Up to EXACT_ROWS clips every pair is counted, and every size is tried. Above, each pair is counted at its member of
lower rank: at all of the first HEAD ranks, and at SAMPLED of the others, spaced evenly, each standing for as many; and
about SIZES sizes are tried. So small sets are counted exactly, large ones on some 10^8 pairs, and nothing is random.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ...indexing.near import ROUNDING, blocks
from ...schemas.vector import Float32
from .base import as_one

Float64 = NDArray[np.float64]
Rows = NDArray[np.int64]

EXACT_ROWS = 4000
HEAD, SAMPLED = 1000, 1000
SIZES = 4000

_STEPS = 100
"""`t` counts in hundredths: the cut is the lowest of those at all hundredths up to t, so that it can only fall."""


def step_of(t: float) -> int:
    """Return how many hundredths t counts for, rounded: 0 for 0 alone, at least one for any above."""
    return max(1, round(t * _STEPS)) if t > 0 else 0


def cuts(ordered: Float32, steps: int, bins: int) -> Rows:
    """Return how many rows of float32[m, d] (L2-normalised, best to keep first, m >= 3) to keep for t of 1, 2, ...
    hundredths, int64[steps].

    p_S: the histogram of the cosines of all pairs in S, in `bins` equal bins from the lowest to the highest cosine of
    the cluster. Of the prefixes that whose p_S has the lowest divergence from (1 - t) p_0 + t uniform; the largest of
    several. Where all cosines are the same all rows are kept, or one if they are all 1.
    """
    m = len(ordered)
    low, high = _range(ordered)
    if high - low <= ROUNDING:
        return np.full(steps, 1 if low >= 1 - ROUNDING else m)
    sizes = np.arange(2, m + 1) if m <= EXACT_ROWS else np.unique(np.linspace(2, m, SIZES).astype(np.int64))
    p = _histograms(ordered, sizes, (low, high), bins)
    p /= p.sum(axis=1, keepdims=True)
    whole, even = p[-1], np.full(bins, 1 / bins)
    best = []
    for step in range(1, steps + 1):
        share = step / _STEPS
        divergence = jensen_shannon(p, (1 - share) * whole + share * even)
        largest_first = divergence[::-1]
        best.append(int(sizes[len(sizes) - 1 - np.argmin(largest_first)]))
    return np.minimum.accumulate(np.array(best, dtype=np.int64))


def jensen_shannon(p: Float64, q: Float64) -> Float64:
    """Return the divergence in bits (0 to 1) of distributions p float64[..., bins] and q float64[bins]."""
    return _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2


def _entropy(p: Float64) -> Float64:
    logs = np.log2(p, out=np.zeros_like(p), where=p > 0)
    return np.asarray(-(p * logs).sum(axis=-1))


def _range(ordered: Float32) -> tuple[float, float]:
    """Return the lowest and the highest cosine of the counted pairs."""
    low, high = np.inf, -np.inf
    for ranks, cosines in _pairs(ordered):
        none = _no_pairs(ranks)
        cosines[:, : none.shape[1]][none] = cosines[0, 0]  # the first cell is a pair
        low, high = min(low, float(cosines.min())), max(high, float(cosines.max()))
    return low, high


def _histograms(ordered: Float32, sizes: Rows, span: tuple[float, float], bins: int) -> Float64:
    """Return float64[s, bins]: for each of `sizes` (int64[s], ascending) the pairs within the first so many rows."""
    m = len(ordered)
    stride = bins + 1  # the last bin takes the cells of a block that are no pairs
    place = np.searchsorted(sizes, np.arange(1, m + 1)) * stride  # the first size that holds a rank
    counts = np.zeros((len(sizes), bins))
    for ranks, cosines in _pairs(ordered):
        cosines -= np.float32(span[0])
        cosines *= np.float32(bins / (span[1] - span[0]))
        bin_of = np.clip(cosines, 0, bins - 1, out=cosines).astype(np.int64)
        none = _no_pairs(ranks)
        bin_of[:, : none.shape[1]][none] = bins
        bin_of += place[ranks[0] + 1 :]
        found = np.bincount(bin_of.ravel(), minlength=len(sizes) * stride).reshape(-1, stride)[:, :bins]
        counts += found * _worth(int(ranks[0]), m)
    return np.asarray(counts.cumsum(axis=0))


def _no_pairs(ranks: Rows) -> NDArray[np.bool_]:
    """Return bool[r, c]: which cells of the first columns of a block are of a row with itself or one of lower rank."""
    return np.asarray(np.arange(ranks[0] + 1, ranks[-1] + 1) <= ranks[:, None])


def _worth(rank: int, m: int) -> float:
    """Return for how many rows the one of this rank stands when its pairs are counted."""
    return 1.0 if m <= EXACT_ROWS or rank < HEAD else (m - HEAD) / SAMPLED


def _pairs(ordered: Float32) -> Iterator[tuple[Rows, Float32]]:
    """Yield blocks of counted ranks int64[r], ascending, with their cosines to all rows behind the block's first.

    A block lies within the head or behind it. Cosines within ROUNDING of 1 are 1.
    """
    m = len(ordered)
    if m <= EXACT_ROWS:
        parts = [np.arange(m - 1)]
    else:
        parts = [np.arange(HEAD), np.linspace(HEAD, m - 2, SAMPLED).astype(np.int64)]
    for part in parts:
        for at in blocks(len(part), m):
            ranks = part[at]
            yield ranks, as_one(ordered[ranks] @ ordered[ranks[0] + 1 :].T)
