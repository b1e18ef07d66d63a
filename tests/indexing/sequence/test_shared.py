from __future__ import annotations

import tracemalloc

import faiss
import numpy as np
from numpy.typing import NDArray

from echodex.indexing.sequence.diagonals import Collection
from echodex.indexing.sequence.match import Worth
from echodex.indexing.sequence.shared import shared

Matrix = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def random_rows(count: int, dim: int, seed: int = 0) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((count, dim)))


def collection(matrix: Matrix, segments: int) -> Collection:
    """Clips of so many segments each, searched exactly."""

    def search(queries: Matrix, k: int) -> tuple[NDArray[np.int64], Matrix]:
        scores, rows = faiss.knn(queries, matrix, k, metric=faiss.METRIC_INNER_PRODUCT)
        return rows, scores

    return Collection(np.arange(0, len(matrix) + 1, segments), lambda rows: matrix[rows], search=search)


def test_a_jingle_in_all_clips_takes_no_memory_by_pairs() -> None:
    clips, segments, dim, jingle = 80, 100, 64, 10
    matrix = random_rows(clips * segments, dim)
    begins = np.arange(clips) * 7 % (segments - jingle)
    for clip, begin in enumerate(begins):
        own = slice(clip * segments + begin, clip * segments + begin + jingle)
        matrix[own] = unit(random_rows(jingle, dim, 1) + 0.3 * random_rows(jingle, dim, clip + 2))
    held = collection(matrix, segments)
    tracemalloc.start()
    found = shared(held, Worth(0.5, fair=True, cohort=16), max_gap=4, min_excess=1.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    pairs = clips * (clips - 1) // 2
    assert len(found) > 0.9 * pairs
    for pair in found:
        [run] = pair.runs
        assert (run.clip, run.shift) == (pair.second, begins[pair.second] - begins[pair.first])
        assert begins[pair.first] <= run.start < run.stop <= begins[pair.first] + jingle
    assert peak < pairs * segments * dim * 4, "a clip for each pair"
