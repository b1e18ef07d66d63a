from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.indexing.sequence import diagonals
from echodex.indexing.sequence.diagonals import Collection, candidates, scored
from echodex.indexing.sequence.match import Run, Track, Worth
from echodex.indexing.sequence.match import match as match_tracks

Matrix = NDArray[np.float32]
THRESHOLD = 0.75
"""Above what random rows of 32 dimensions score, be there a thousand pairs."""
LOW = 0.5
STRICT, LOOSE = Worth(THRESHOLD), Worth(LOW)


def unit(rows: NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def random_rows(count: int, seed: int, dim: int = 32) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((count, dim)))


def collection(*clips: Matrix) -> Collection:
    """A collection that is searched by brute force."""
    rows = np.concatenate(clips)
    bounds = np.cumsum([0, *map(len, clips)]).astype(np.int64)

    def search(queries: Matrix, k: int) -> tuple[NDArray[np.int64], Matrix]:
        scores = queries @ rows.T
        found = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        padded = np.full((len(queries), k), -1, dtype=np.int64)
        padded[:, : found.shape[1]] = found
        return padded, np.take_along_axis(scores, found, axis=1)

    return Collection(bounds, lambda wanted: rows[wanted], search=search)


def track(query: Matrix) -> Track:
    return Track(query, np.ones(len(query), dtype=np.bool_))


def match(query: Matrix, held: Collection, worth: Worth, **limits: Any) -> list[Run]:
    """Match a query of one track, none of it silent."""
    return match_tracks([track(query)], held, worth, **limits)


def told(runs: list[Run]) -> list[tuple[int, int, int, int]]:
    """Clip, first and last + 1 query segment, first segment of the clip."""
    return [(run.clip, run.start, run.stop, run.start + run.shift) for run in runs]


@pytest.fixture
def clips() -> list[Matrix]:
    return [random_rows(size, seed) for seed, size in enumerate((40, 25, 60, 1))]


def test_a_planted_sequence_is_found_where_it_is(clips: list[Matrix]) -> None:
    query = unit(clips[2][13:29] + 0.02 * random_rows(16, 9))
    [run] = match(query, collection(*clips), STRICT)
    assert told([run]) == [(2, 0, 16, 13)]
    assert run.score == pytest.approx(np.mean(np.sum(query * clips[2][13:29], axis=1)), abs=1e-6)
    assert run.excess == pytest.approx(16 * (run.score - THRESHOLD), abs=1e-5)


def test_two_songs_and_strangers_in_one_query(clips: list[Matrix]) -> None:
    query = np.concatenate([random_rows(10, 21), clips[1][5:20], random_rows(7, 22), clips[0][30:], clips[2][:9]])
    found = match(query, collection(*clips), STRICT)
    assert told(found) == [(1, 10, 25, 5), (0, 32, 42, 30), (2, 42, 51, 0)]


def test_a_clip_that_plays_twice_is_found_twice(clips: list[Matrix]) -> None:
    query = np.concatenate([clips[1][3:12], random_rows(12, 5), clips[1][3:12]])
    assert told(match(query, collection(*clips), STRICT)) == [(1, 0, 9, 3), (1, 21, 30, 3)]


def test_a_query_may_begin_before_a_clip_and_end_after_it(clips: list[Matrix]) -> None:
    before, after = random_rows(6, 31), random_rows(8, 32)
    query = np.concatenate([before, clips[1], after])
    assert told(match(query, collection(*clips), STRICT)) == [(1, 6, 31, 0)]
    assert told(match(query[:12], collection(*clips), STRICT)) == [(1, 6, 12, 0)]
    assert told(match(query[20:], collection(*clips), STRICT)) == [(1, 0, 11, 14)]


def test_a_border_is_never_crossed(clips: list[Matrix]) -> None:
    query = np.concatenate([clips[0][-6:], clips[1][:6]])
    assert told(match(query, collection(*clips), STRICT)) == [(0, 0, 6, 34), (1, 6, 12, 0)]


def test_noise_matches_nothing(clips: list[Matrix]) -> None:
    assert match(random_rows(50, 77), collection(*clips), Worth(0.8)) == []
    assert match(np.empty((0, 32), np.float32), collection(*clips), STRICT) == []


def test_an_excess_that_chance_can_reach_is_no_match(clips: list[Matrix]) -> None:
    query = np.concatenate([random_rows(200, 77), clips[0][:5]])
    assert len(match(query, collection(*clips), LOOSE)) > 1, "one pair in thousands is above the threshold"
    assert told(match(query, collection(*clips), LOOSE, min_excess=1.0)) == [(0, 200, 205, 0)]


def test_a_short_gap_is_bridged_and_a_long_one_is_not(clips: list[Matrix]) -> None:
    query = clips[2][:40].copy()
    query[10:13] = random_rows(3, 40)
    query[25:31] = random_rows(6, 41)
    assert told(match(query, collection(*clips), STRICT, max_gap=4)) == [(2, 0, 25, 0), (2, 31, 40, 31)]


def test_where_losses_are_limited_one_bad_pair_does_not_split_a_match(clips: list[Matrix]) -> None:
    query = clips[2][:9].copy()
    query[4] = -query[4]
    high = 0.9  # so that a pair of -1 undoes 19 perfect ones
    assert told(match(query, collection(*clips), Worth(high))) == [(2, 0, 4, 0), (2, 5, 9, 5)]
    assert told(match(query, collection(*clips), Worth(high, fair=True))) == [(2, 0, 9, 0)]


def test_of_copies_the_first_is_given_once(clips: list[Matrix]) -> None:
    assert told(match(clips[0][4:30], collection(clips[0], clips[0]), STRICT)) == [(0, 0, 26, 4)]


def test_a_match_cut_short_by_a_better_one_keeps_its_own_part(clips: list[Matrix]) -> None:
    mixed = clips[1].copy()
    mixed[:4] = unit(clips[0][36:] + 0.8 * clips[1][:4])  # a crossfade: four segments are both
    query = np.concatenate([clips[0][20:36], mixed])
    first, second = match(query, collection(*clips), Worth(0.6))
    assert (first.clip, first.start, first.shift) == (0, 0, 20)
    assert (second.clip, second.stop, second.shift) == (1, 41, -16)
    assert 16 <= first.stop == second.start <= 20


def test_whole_diagonals_score_as_published() -> None:
    clips = [random_rows(9, 1, 8), random_rows(5, 2, 8)]
    query = random_rows(4, 3, 8)
    held = collection(*clips)
    laid = candidates(held.search(query, 20)[0], held.bounds)
    assert len(laid) == (9 + 3) + (5 + 3), "every clip and shift with at least one segment in common"
    [cells] = scored(query, np.zeros(4, np.float32), held, laid)
    for number, (clip, shift) in enumerate(zip(laid.clips, laid.shifts, strict=True)):
        common = [o for o in range(4) if 0 <= o + shift < len(clips[clip])]
        assert cells.position[cells.diagonal == number].tolist() == common
        expected = [float(query[o] @ clips[clip][o + shift]) for o in common]
        assert cells.scores[cells.diagonal == number] == pytest.approx(expected, abs=1e-6)


def test_a_short_piece_of_a_long_query_is_not_outvoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagonals, "CANDIDATES", 8)
    monkeypatch.setattr(diagonals, "BLOCK_CELLS", 300)
    clips = [random_rows(500, seed) for seed in range(4)] + [random_rows(12, 9)]
    query = np.concatenate([*clips[:4], clips[4][2:9]])
    found = match(query, collection(*clips), Worth(0.8))
    assert told(found) == [(n, 500 * n, 500 * n + 500, 0) for n in range(4)] + [(4, 2000, 2007, 2)]


def test_an_empty_clip_and_a_query_of_one_segment(clips: list[Matrix]) -> None:
    empty = clips[0][:0]
    held = collection(empty, clips[0], empty, empty, clips[3], empty)
    assert told(match(clips[0][7:8], held, STRICT)) == [(1, 0, 1, 7)]
    assert told(match(clips[3], held, STRICT)) == [(4, 0, 1, 0)]


def test_of_two_phases_the_nearer_one_matches(clips: list[Matrix]) -> None:
    near, far = clips[2][13:29], unit(clips[2][13:29] + 1.2 * random_rows(16, 9))
    for tracks, phase in (((near, far), 0), ((far, near), 1)):
        [run] = match_tracks([track(part) for part in tracks], collection(*clips), STRICT)
        assert (run.clip, run.shift, run.start, run.stop, run.phase, run.phases) == (2, 13, 0, 16, phase, 2)
        assert run.slots == slice(phase, 32 + phase)


def test_runs_of_two_phases_share_no_time(clips: list[Matrix]) -> None:
    one = np.concatenate([clips[2][13:29], random_rows(16, 5)])
    other = np.concatenate([random_rows(15, 6), clips[0][4:19]])
    first, second = match_tracks([track(one), track(other)], collection(*clips), STRICT)
    assert (first.clip, first.slots) == (2, slice(0, 32))
    assert (second.clip, second.slots) == (0, slice(33, 61)), "the half hop before is the first run's"


def test_silence_on_either_side_is_worth_nothing_and_bridges(clips: list[Matrix]) -> None:
    silence = random_rows(1, 50)
    song = np.concatenate([clips[2][:8], np.repeat(silence, 9, axis=0), clips[2][8:20]])
    other = np.concatenate([np.repeat(silence, 9, axis=0), clips[0]])
    held = replace(collection(song, other), silent=lambda rows: rows @ silence[0] > 0.99)
    [whole] = match(song, held, STRICT)
    assert told([whole]) == [(0, 0, 29, 0)]
    assert whole.excess == pytest.approx(20 * (1 - THRESHOLD), abs=1e-5)
    assert match(np.repeat(silence, 9, axis=0), held, STRICT) == []
    unheard = Track(song, np.arange(29) >= 17)
    [rest] = match_tracks([unheard], collection(song, other), STRICT)
    assert told([rest]) == [(0, 17, 29, 17)]


def test_what_many_clips_resemble_is_no_match() -> None:
    centre = random_rows(1, 3)
    alike = [unit(centre + 0.35 * random_rows(10, seed)) for seed in range(40)]
    held = collection(*alike, *[random_rows(10, 100 + seed) for seed in range(40)])
    stranger = unit(centre + 0.35 * random_rows(10, 77))
    assert match(stranger, held, Worth(0.7), min_excess=0.5)
    assert match(stranger, held, Worth(0.7, fair=True, cohort=8), min_excess=0.5) == []
    own = unit(alike[5] + 0.05 * random_rows(10, 8))
    [run] = match(own, held, Worth(0.7, fair=True, cohort=8), min_excess=0.3)
    assert told([run]) == [(5, 0, 10, 0)]


def test_a_jingle_in_many_clips_is_found() -> None:
    jingle = random_rows(12, 3)
    clips = [np.concatenate([random_rows(8, seed), jingle, random_rows(5, 99 - seed)]) for seed in range(40)]
    noisy = unit(jingle + 0.05 * random_rows(12, 500))
    [run] = match(noisy, collection(*clips), Worth(0.7, fair=True, cohort=8), min_excess=0.5)
    assert told([run]) == [(run.clip, 0, 12, 8)]


def best_run(query: Matrix, clips: list[Matrix], max_gap: int) -> tuple[float, set[tuple[int, int, int, int]]]:
    """Brute force: the largest excess over every clip, shift and stretch, and all that have it."""
    best = 0.0
    found: set[tuple[int, int, int, int]] = set()
    for number, clip in enumerate(clips):
        for shift in range(-len(query) + 1, len(clip)):
            common = [o for o in range(len(query)) if 0 <= o + shift < len(clip)]
            above = [float(query[o].astype(np.float64) @ clip[o + shift]) - LOW for o in common]
            for first in range(len(common)):
                gap, total = 0, 0.0
                for last in range(first, len(common)):
                    total += above[last]
                    gap = 0 if above[last] > 0 else gap + 1
                    if gap > max_gap:
                        break
                    if total > best + 1e-5:
                        best, found = total, set()
                    if total > best - 1e-5 and total > 0:
                        found.add((number, common[first], common[last] + 1, common[first] + shift))
    return best, found


@given(
    seed=st.integers(0, 10_000),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    length=st.integers(1, 12),
    max_gap=st.integers(0, 3),
)
def test_the_best_run_is_that_of_brute_force(seed: int, sizes: list[int], length: int, max_gap: int) -> None:
    random = np.random.default_rng(seed)
    clips = [unit(random.standard_normal((size, 3))) for size in sizes]  # so few dimensions that much is alike
    query = unit(random.standard_normal((length, 3)))
    found = match(query, collection(*clips), LOOSE, k_probe=sum(sizes), max_gap=max_gap)
    excess, best = best_run(query, clips, max_gap)
    assert bool(found) == bool(best)
    if found:
        first = max(found, key=lambda run: run.excess)
        assert first.excess == pytest.approx(excess, abs=1e-5)
        assert told([first])[0] in best
    for run, after in zip(found, [*found[1:], None][: len(found)], strict=True):
        rows = np.arange(run.start, run.stop)
        assert (rows + run.shift >= 0).all()
        assert (rows + run.shift < sizes[run.clip]).all()
        assert run.scores == pytest.approx(np.sum(query[rows] * clips[run.clip][rows + run.shift], axis=1), abs=1e-6)
        assert run.score > LOW
        assert after is None or run.stop <= after.start
