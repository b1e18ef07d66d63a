from __future__ import annotations

import tracemalloc

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.indexing.sequence import votes
from echodex.indexing.sequence.diagonals import Collection
from echodex.indexing.sequence.match import Worth
from echodex.indexing.sequence.shared import shared
from echodex.progress import silent

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


def test_votes_take_memory_by_segments_and_are_counted_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(votes, "PORTION", 1 << 13)  # so that so few segments are many portions
    dim, sizes, peaks = 16, (4096, 16_384), []
    for size in sizes:
        held = collection(random_rows(size, dim), 64)
        tracemalloc.start()
        assert shared(held, Worth(-1.0), max_gap=4, min_excess=1e9) == []  # all 20 neighbours of each vote
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / (sizes[1] - sizes[0]) < 4 * dim + 12 * votes.VOTES + 100


@pytest.mark.parametrize("portion", [1, 300, 1 << 19])
def test_votes_in_portions_are_the_same(monkeypatch: pytest.MonkeyPatch, portion: int) -> None:
    monkeypatch.setattr(votes, "PORTION", portion)
    size, segments = 240, 12
    matrix = random_rows(size, 16)
    held = collection(matrix, segments)
    quiet = np.arange(size) % 7 == 0
    pairs, shifts, levels = votes.voted(held, matrix, quiet, Worth(0.2, cohort=3), 0.5, silent)
    scores = matrix @ matrix.T
    clips = np.arange(size) // segments
    summed: dict[tuple[int, int, int], float] = {}
    near = np.where(clips[:, None] == clips, -2, scores)
    for one, other in {
        (min(row, int(found)), max(row, int(found)))
        for row in range(size)
        for found in np.argsort(-near[row])[: votes.VOTES]
        if near[row, found] > 0.2 and not quiet[row] and not quiet[found]
    }:
        shift = other % segments - one % segments
        key = (one // segments, other // segments, shift)
        summed[key] = summed.get(key, 0.0) + float(scores[one, other]) - 0.2
    expected = {key for key, worth in summed.items() if worth >= 0.5}
    assert len(expected) > 50
    assert {(*pair, shift) for pair, shift in zip(pairs.tolist(), shifts.tolist(), strict=True)} == expected
    assert pairs.tolist() == sorted(pairs.tolist()), "by their clips"
    third = [np.sort([near[row, clips == clip].max() for clip in range(size // segments)])[-3] for row in range(size)]
    np.testing.assert_allclose(levels, third, atol=1e-6)
