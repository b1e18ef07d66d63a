"""What a handful of repeated runs says: a mean with its interval, and a difference in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
_RESAMPLES = 9999


@dataclass(frozen=True)
class Interval:
    """The mean of n values, and the range that holds the true mean with `confidence` (Student's t, n - 1 degrees)."""

    mean: float
    low: float
    high: float
    n: int
    confidence: float = CONFIDENCE


@dataclass(frozen=True)
class PairedDifference:
    """The mean difference of n pairs with its t interval, and how likely one as large is where there is none.

    p_t: two-sided paired t test, which takes the differences for normal; p_permutation: two-sided sign-flip test, which
    does not, but cannot fall below 2 / 2**n.
    """

    interval: Interval
    p_t: float
    p_permutation: float


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the mean of at least two values and its t interval."""
    from scipy.stats import t

    sample = np.asarray(values, dtype=np.float64)
    if len(sample) < 2:
        raise ValueError("an interval needs at least two values")
    mean = float(sample.mean())
    half = float(t.ppf((1 + confidence) / 2, len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample)))
    return Interval(mean, mean - half, mean + half, len(sample), confidence)


def paired_difference(
    a: Sequence[float], b: Sequence[float], *, confidence: float = CONFIDENCE, seed: int = 0
) -> PairedDifference:
    """Compare a[i] with b[i], which share all but what is compared: the mean of a - b, its interval and p values.

    All 2**n sign flips are tried up to n = 13; beyond, a sample of them drawn by `seed`.
    """
    from scipy.stats import permutation_test, ttest_1samp

    differences = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    interval = mean_interval(differences.tolist(), confidence)
    if not differences.any():
        return PairedDifference(interval, 1.0, 1.0)
    constant = bool((differences == differences[0]).all())
    flips = permutation_test(
        (differences,),
        lambda sample, axis: np.mean(sample, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=_RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    return PairedDifference(
        interval, 0.0 if constant else float(ttest_1samp(differences, 0).pvalue), float(flips.pvalue)
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted for being m tests at once (Holm, 1979), in the order given.

    The k-th smallest is multiplied by m - k + 1, is never below the one before it, and at most 1: those below a level
    hold together at that level, whatever the tests have to do with each other.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]
