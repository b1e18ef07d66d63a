from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from echodex.indexing.sequence.background import UNKNOWN, background
from echodex.indexing.sequence.diagonals import Collection
from echodex.indexing.sequence.match import Run, Track, Worth
from echodex.indexing.sequence.match import match as match_tracks

Matrix = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def collection(rows: Matrix, sizes: list[int]) -> Collection:
    def search(queries: Matrix, k: int) -> tuple[NDArray[np.int64], Matrix]:
        scores = queries @ rows.T
        found = np.argsort(-scores, axis=1)[:, :k]
        return found, np.take_along_axis(scores, found, axis=1)

    return Collection(np.cumsum([0, *sizes]).astype(np.int64), lambda wanted: rows[wanted], search=search)


def match(query: Matrix, held: Collection, worth: Worth, min_excess: float) -> list[Run]:
    track = Track(query, np.ones(len(query), dtype=np.bool_))
    return match_tracks([track], held, worth, min_excess=min_excess)


def drifting(count: int, seed: int, dim: int = 24, pace: float = 0.5) -> Matrix:
    """Segments that resemble their neighbours in time, as those of music do."""
    random = np.random.default_rng(seed)
    rows = [random.standard_normal(dim)]
    for _ in range(count - 1):
        rows.append((1 - pace) * rows[-1] + pace * random.standard_normal(dim))
    return unit(np.array(rows))


def test_the_threshold_is_what_one_unrelated_pair_in_a_thousand_exceeds() -> None:
    rows = unit(np.random.default_rng(0).standard_normal((64 * 32, 64)))
    found = background(collection(rows, [32] * 64))
    others = unit(np.random.default_rng(1).standard_normal((3000, 64)))
    assert float(np.mean(rows @ others.T > found.threshold)) == pytest.approx(0.001, rel=0.1)
    assert found.rate == pytest.approx(0.001, rel=0.1), "of independent segments every pair above is a run of its own"


def test_what_is_alike_does_not_set_the_level_of_all() -> None:
    """Nine in ten clips are words that resemble each other; a piece of music is found by what music scores."""
    random = np.random.default_rng(5)
    word = unit(random.standard_normal((1, 24)))[0]
    words = [unit(word + 0.12 * random.standard_normal((4, 24))) for _ in range(900)]
    songs = [drifting(40, seed) for seed in range(100)]
    held = collection(np.concatenate([*words, *songs]), [4] * 900 + [40] * 100)
    found = background(held)
    assert found.threshold > 0.8
    assert found.levels(songs[0]).mean() < 0.72
    np.testing.assert_allclose(found.levels(words[0]), found.threshold, atol=0.03)
    query = unit(songs[7][10:20] + 0.1 * random.standard_normal((10, 24)))
    needed = found.excess(0.95, 10.0 * 7600)
    [run] = match(query, held, Worth(found.threshold, fair=True, levels=found.levels), min_excess=needed)
    assert (run.clip, run.shift, run.start, run.stop) == (907, 10, 0, 10)
    [same] = match(query, held, Worth(found.threshold, fair=True), min_excess=0.1)
    assert run.excess > 2 * same.excess


def test_a_recording_in_three_copies_is_no_stranger_to_itself() -> None:
    songs = [drifting(40, seed) for seed in range(200)]
    alone = background(collection(np.concatenate(songs), [40] * 200))
    tripled = background(collection(np.concatenate([*songs[:100], songs[50], songs[50], *songs[100:]]), [40] * 202))
    assert np.abs(tripled.levels(songs[50]) - alone.levels(songs[50])).mean() < 0.03
    assert (alone.levels(songs[50]) <= alone.threshold).all()


def test_a_sample_of_few_clips_of_many_is_enough() -> None:
    rows = unit(np.random.default_rng(0).standard_normal((400 * 50, 64)))
    assert background(collection(rows, [50] * 400)).threshold == pytest.approx(
        background(collection(rows[:3200], [50] * 64)).threshold, abs=0.02
    )


def test_strangers_are_rarely_matched_and_the_known_always_are() -> None:
    clips = [drifting(40, seed) for seed in range(40)]
    held = collection(np.concatenate(clips), [40] * 40)
    found = background(held)
    pairs = 30.0 * 1600
    needed = found.excess(0.95, pairs)
    assert found.confidence(needed, pairs) == pytest.approx(0.95)
    strangers = [
        match(drifting(30, 1000 + seed), held, Worth(found.threshold), min_excess=needed) for seed in range(60)
    ]
    assert sum(map(bool, strangers)) <= 9
    for seed in range(0, 40, 4):
        query = unit(clips[seed][5:20] + 0.05 * np.random.default_rng(seed).standard_normal((15, 24)))
        [run] = match(query, held, Worth(found.threshold), min_excess=needed)
        assert (run.clip, run.shift, run.start, run.stop) == (seed, 5, 0, 15)


def test_copies_do_not_raise_the_threshold() -> None:
    rows = np.concatenate([drifting(40, seed) for seed in range(6)])
    alone = background(collection(rows, [40] * 6))
    doubled = background(collection(np.concatenate([rows, rows]), [40] * 12))
    assert doubled.threshold == pytest.approx(alone.threshold, abs=0.02)
    assert doubled.threshold < 0.95


def test_one_clip_is_compared_with_itself_and_one_segment_with_nothing() -> None:
    rows = drifting(40, 3)
    assert 0.3 < background(collection(rows, [40])).threshold < 0.999
    assert background(collection(rows[:1], [1])) == UNKNOWN
    assert background(collection(rows[:0], [])) == UNKNOWN
    assert background(collection(np.repeat(rows[:1], 5, axis=0), [5])) == UNKNOWN


def test_confidence_grows_with_the_excess_and_falls_with_the_collection() -> None:
    rows = drifting(400, 3)
    found = background(collection(rows, [40] * 10))
    values = [found.confidence(excess, 1e6) for excess in np.linspace(0, 40 * found.scale, 50)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(0)
    assert values[-1] == pytest.approx(1)
    assert found.confidence(12 * found.scale, 1e4) > found.confidence(12 * found.scale, 1e8)
    assert found.confidence(12 * found.scale, 1e8) == pytest.approx(math.exp(-found.rate * 1e8 * math.exp(-12)))
