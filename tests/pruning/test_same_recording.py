from __future__ import annotations

import tracemalloc

import numpy as np

from echodex.pruning.parts import one_each
from echodex.pruning.same_recording import near_performances
from echodex.pruning.versions import Performances


def test_a_work_of_very_many_clips_takes_little_memory() -> None:
    """Two near ones among 4,000 clips that a whole store calls by one name: 8 million pairs."""
    n = 4000
    matrix = np.random.default_rng(0).standard_normal((n, 8)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    matrix[n - 1] = matrix[7]
    tracemalloc.start()
    found = list(near_performances(one_each(matrix), Performances(np.zeros(n, np.int64), np.arange(n)), 0.99999))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [(7, [n - 1])]
    assert peak < 100 << 20


def test_the_nearest_comes_first_and_each_pair_once() -> None:
    angle = np.array([0.0, 0.3, 0.1, 2.0, 0.2])
    matrix = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    apart = Performances(np.zeros(5, np.int64), np.array([0, 1, 2, 3, 0]))
    assert list(near_performances(one_each(matrix), apart, 0.9)) == [(0, [2, 1]), (1, [4, 2]), (2, [4])]
