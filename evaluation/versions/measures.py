"""Measures of a ranking with several right answers: average precision, rank of the first, average rank.

As CLEWS reports them (Serrà et al., 2025): MAP and MR1 as usual, ARP the share of wrong answers that stand before a
right one; NAR is the normalised average rank of the paper (Bosteels and Kerre's measure, in percent). The two differ in
whether what is no answer at all, the query itself, is counted among the wrong ones (ARP) or not (NAR).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...schemas.vector import Float32

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

NORMAL_95 = 1.96
RANKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Ranks of which it is told how often the first right answer comes by then."""


@dataclass(frozen=True)
class Measures:
    """Of q queries: average_precision [0, 1], first_rank (from 1), arp and nar in percent (0: all right answers come
    first), chance: the average precision that is expected of a random order, each float64[q]; by_rank: float64[q,
    len(RANKS)], 1 where the first right answer is among the first so many.
    """

    average_precision: Floats
    first_rank: Floats
    arp: Floats
    nar: Floats
    chance: Floats
    by_rank: Floats


@dataclass(frozen=True)
class Figure:
    """A mean over n queries; the half-width of its interval is 1.96 standard deviations over sqrt(n), as published.

    That takes queries as independent, which those of one work are not quite. None for a single query.
    """

    mean: float
    half_width: float | None
    n: int


def measure(distances: Float32, right: Bools, answers: Bools) -> Measures:
    """Return the measures of q queries against n candidates, each float32 or bool[q, n].

    right: which candidates are right answers, at least one a query; answers: which are answers at all, all right ones
    among them. Of equal distances the wrong answers come first: nothing is won by finding all alike.
    """
    n = distances.shape[1]
    order = np.lexsort((right, np.where(answers, distances, np.inf)), axis=1)
    hit = np.take_along_axis(right, order, axis=1)
    rank = np.arange(1, n + 1, dtype=np.float64)
    found = np.cumsum(hit, axis=1)
    number = found[:, -1].astype(np.float64)
    precision = np.where(hit, found / rank, 0.0).sum(axis=1) / number
    wrong_before = np.where(hit, rank - found, 0.0).sum(axis=1) / number
    first = hit.argmax(axis=1) + 1.0
    others = answers.sum(axis=1)
    return Measures(
        average_precision=precision,
        first_rank=first,
        arp=100 * wrong_before / np.maximum(n - number, 1),
        nar=100 * wrong_before / np.maximum(others - number, 1),
        chance=expected_precision(number, others.astype(np.float64)),
        by_rank=(first[:, None] <= np.array(RANKS)).astype(np.float64),
    )


def expected_precision(right: Floats, answers: Floats) -> Floats:
    """Return the average precision that is expected of a random order of `answers`, of which `right` are right.

    The answer at rank k is right with probability M / n, and of the k - 1 before it (k - 1) (M - 1) / (n - 1) are
    expected to be: E = (H_n + (n - H_n) (M - 1) / (n - 1)) / n.
    """
    harmonic = np.cumsum(1 / np.arange(1, int(answers.max(initial=1)) + 1))[answers.astype(np.int64) - 1]
    rest = (right - 1) / np.maximum(answers - 1, 1)
    return np.asarray((harmonic + (answers - harmonic) * rest) / answers)


def figure(values: Floats) -> Figure:
    """Return the mean of float64[n] values, n >= 1, and its interval."""
    n = len(values)
    half = NORMAL_95 * float(values.std(ddof=1)) / n**0.5 if n > 1 else None
    return Figure(float(values.mean()), half, n)
