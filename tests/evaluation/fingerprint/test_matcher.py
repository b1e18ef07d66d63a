from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.evaluation.fingerprint.layout import Stack
from echodex.evaluation.fingerprint.matcher import KEPT, best_rows
from echodex.evaluation.fingerprint.songs import songs_of

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]
Draw = Callable[..., Matrix]


def nearest(queries: Matrix, rows: Matrix, k: int) -> Rows:
    found = np.argsort(-(queries @ rows.T), axis=1, kind="stable")[:, :k]
    padded = np.full((len(queries), k), -1, dtype=np.int64)
    padded[:, : found.shape[1]] = found
    return padded


def by_brute_force(query: Matrix, neighbours: Rows, rows: Matrix, length: int) -> dict[int, float]:
    """One candidate and one product after the other."""
    part = query[:length]
    candidates = {
        int(row) - segment
        for segment, found in enumerate(neighbours[:length])
        for row in found
        if row >= 0 and row - segment >= 0
    }
    scores = {}
    for candidate in candidates:
        under = rows[candidate : candidate + length]
        scores[candidate] = float(np.mean([float(a @ b) for a, b in zip(part, under, strict=False)]))
    return scores


@given(
    database=st.integers(1, 60),
    dummies=st.integers(0, 30),
    segments=st.integers(1, 19),
    k=st.integers(1, 20),
    seed=st.integers(0, 10_000),
)
def test_equals_a_matcher_that_tries_every_candidate_by_itself(
    random_rows: Draw, database: int, dummies: int, segments: int, k: int, seed: int
) -> None:
    rows = random_rows(dummies + database, seed, dim=8)
    stack = Stack((rows[:dummies], rows[dummies:]))
    random = np.random.default_rng(seed)
    begin = int(random.integers(0, len(rows)))
    query = rows[begin : begin + segments] + 0.5 * random_rows(len(rows[begin : begin + segments]), seed + 1, dim=8)
    lengths = (1, 3, 5, 9, 11, 19)
    neighbours = nearest(query, rows, k)
    found, scores = best_rows(query, neighbours, stack, lengths)
    for place, length in enumerate(lengths):
        expected = by_brute_force(query, neighbours, rows, length)
        best = sorted(expected, key=lambda row: (-round(expected[row], 5), row))[:KEPT]
        kept = found[place][found[place] >= 0]
        assert len(kept) == len(best)
        np.testing.assert_allclose(scores[place, : len(kept)], [expected[int(row)] for row in kept], atol=1e-5)
        np.testing.assert_allclose(scores[place, : len(kept)], [expected[row] for row in best], atol=2e-5)


def test_among_equal_scores_the_lower_row_comes_first(random_rows: Draw) -> None:
    rows = np.tile(random_rows(1, 0), (12, 1))
    found, scores = best_rows(rows[:1], np.arange(12)[None, ::-1], Stack((rows,)), (1,))
    assert found[0].tolist() == list(range(10))
    np.testing.assert_allclose(scores, 1, atol=1e-6)


def test_songs_are_crossed_unless_their_ends_are_told(random_rows: Draw) -> None:
    rows = random_rows(10, 0)
    songs = songs_of(["a", "b"], [4, 6])
    query = rows[3:5]
    neighbours = nearest(query, rows, 10)
    crossing, _ = best_rows(query, neighbours, Stack((rows,)), (2, 1))
    assert crossing[:, 0].tolist() == [3, 3]
    strict, _ = best_rows(query, neighbours, Stack((rows,)), (2, 1), songs.ends)
    assert 3 not in strict[0]
    assert 9 not in strict[0]
    assert strict[1, 0] == 3


def test_no_neighbour_is_no_candidate(random_rows: Draw) -> None:
    found, scores = best_rows(random_rows(2, 0), np.full((2, 3), -1), Stack((random_rows(5, 1),)), (1, 2))
    assert (found == -1).all()
    assert np.isneginf(scores).all()
    # row 0 as a neighbour of the second segment would begin before the database
    found, _ = best_rows(random_rows(2, 0), np.array([[-1], [0]]), Stack((random_rows(5, 1),)), (2,))
    assert (found == -1).all()
