"""What keeps clips apart, and what follows for duplicates, against tables of all pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.indexing.groups.distinct import distinct_rows
from echodex.pruning.apart import Apart
from echodex.pruning.collapse import collapse
from echodex.pruning.leakage import find_leaks
from echodex.pruning.parts import Parts, near_clips, one_each
from echodex.pruning.versions import Performances
from echodex.pruning.wishes import no_wishes

Matrix = NDArray[np.float32]
Table = NDArray[np.bool_]

few = settings(max_examples=60, deadline=None)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Matrix, Apart, Table]:
    """Clips, many of them near each other, with what keeps them apart, and the same as bool[n, n]."""
    random = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    n = draw(st.integers(2, 24))
    rows = random.normal(size=(4, 6))[random.integers(4, size=n)] + 0.05 * random.normal(size=(n, 6))
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    table, performances, distinct = np.zeros((n, n), dtype=np.bool_), None, None
    if draw(st.booleans()):
        work, performance = random.integers(-1, 3, size=n), random.integers(0, 3, size=n)
        performances = Performances(work, np.where(work < 0, 100 + np.arange(n), 10 * work + performance))
        table |= performances.versions(np.arange(n)[:, None], np.arange(n)[None])
    if draw(st.booleans()):
        pairs = np.array([random.choice(n, 2, replace=False) for _ in range(draw(st.integers(1, 3 * n)))])
        distinct = distinct_rows(n, pairs)
        table[pairs[:, 0], pairs[:, 1]] = table[pairs[:, 1], pairs[:, 0]] = True
    return matrix, Apart(performances, distinct), table


@few
@given(world=worlds(), data=st.data())
def test_apart_tells_of_each_pair_what_the_table_does(world: tuple[Matrix, Apart, Table], data: st.DataObject) -> None:
    _, apart, table = world
    n = len(table)
    rows, others = (np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=30))) for _ in range(2))
    one, other = np.repeat(rows, len(others)), np.tile(others, len(rows))
    expected = table[np.ix_(rows, others)]
    assert (apart.bars(one, other).reshape(expected.shape) == expected).all()
    assert (
        apart.take(rows).bars(*np.triu_indices(len(rows))) == table[np.ix_(rows, rows)][np.triu_indices(len(rows))]
    ).all()
    at = slice(len(rows) // 3, len(rows))
    found = np.zeros_like(expected[at])
    found[apart.barred(rows, others).cells(at)] = True
    assert (found == expected[at]).all()


@few
@given(world=worlds(), data=st.data())
def test_what_is_apart_never_collapses(world: tuple[Matrix, Apart, Table], data: st.DataObject) -> None:
    matrix, apart, table = world
    n, rows = len(matrix), np.arange(len(matrix))
    pinned = np.isin(rows, data.draw(st.lists(st.integers(0, n - 1), max_size=3)))
    turns = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    wishes = replace(no_wishes(n), pinned=pinned, turns=turns, apart=apart)
    duplicate_of, _ = collapse(one_each(matrix), np.zeros(n, np.int64), wishes, 0.95)
    assert not table[rows, duplicate_of].any()
    near = (matrix @ matrix.T >= 0.95) & ~table
    assert near[rows, duplicate_of].all()
    alone = duplicate_of == rows
    assert alone[pinned].all()
    left = near[np.ix_(alone & ~pinned, alone)]
    assert left.sum() == (alone & ~pinned).sum(), "no two that stand are duplicates, but for pinned ones"
    by = duplicate_of[~alone]
    assert (pinned[by] | (turns[by] <= turns[~alone])).all(), "a clip only goes for one whose turn comes no later"


@few
@given(world=worlds(), data=st.data())
def test_the_nearest_in_another_split_that_is_not_apart_is_the_leak(
    world: tuple[Matrix, Apart, Table], data: st.DataObject
) -> None:
    matrix, apart, table = world
    n = len(matrix)
    splits = data.draw(st.lists(st.sampled_from(["train", "test"]), min_size=n, max_size=n))
    ids = [f"c{row:02}" for row in range(n)]
    leaks = {leak.clip_id: leak for leak in find_leaks(ids, one_each(matrix), splits, "train", 0.95, None, apart)}
    cosines = np.where(table, -np.inf, matrix @ matrix.T)
    for row in np.flatnonzero(np.array(splits) == "train"):
        others = [other for other in range(n) if splits[other] == "test" and cosines[row, other] >= 0.95]
        assert (ids[row] in leaks) == bool(others)
        if others:
            assert leaks[ids[row]].other in {ids[other] for other in others}
            assert abs(leaks[ids[row]].score - cosines[row, others].max()) < 1e-6


def test_pairs_by_segments_heed_what_is_apart() -> None:
    matrix = np.tile(np.eye(1, 4, dtype=np.float32), (6, 1))
    parts = Parts(matrix, np.array([0, 2, 4, 6]))
    apart = Apart(distinct=distinct_rows(3, np.array([[2, 0]])))
    pairs = near_clips(parts, 0.98, apart)
    assert [pairs.near(row).tolist() for row in range(3)] == [[1], [0, 2], [1]]
    barred = apart.barred(np.array([0]), np.array([2, 1]))
    found, _, near = parts.take(np.array([0])).nearest(parts.take(np.array([2, 1])), 0.98, barred)
    assert (found.tolist(), near.tolist()) == ([1], [True])
    alone = apart.barred(np.array([0]), np.array([2]))
    assert not parts.take(np.array([0])).nearest(parts.take(np.array([2])), 0.98, alone)[2].any()
