from __future__ import annotations

import numpy as np
import pytest

from echodex.errors import UsageError
from echodex.evaluation.versions.shingles import Grid, Shingles, chosen
from echodex.indexing.segment_sets.sets import Sets
from echodex.schemas.vector import Space

GRID = Grid(20.0, 5.0)


def clips(*sizes: int) -> Sets:
    """Clips of so many segments every 5 s; the vector of a segment is where it starts."""
    starts = np.concatenate([np.arange(size, dtype=np.float32) * 5 for size in sizes])
    bounds = np.concatenate([[0], np.cumsum(sizes)])
    return Sets([f"c{i}" for i in range(len(sizes))], bounds, starts, starts[:, None])


def test_as_stored() -> None:
    sets = clips(3, 1)
    found = chosen(sets, Shingles(), GRID)
    assert found.bounds.tolist() == [0, 3, 4]
    assert found.starts_s.tolist() == [0, 5, 10, 0]
    np.testing.assert_array_equal(found.matrix, sets.matrix)


@pytest.mark.parametrize(("max_s", "segments"), [(600.0, 116), (300.0, 56)])
def test_of_a_long_clip_as_many_as_published(max_s: float, segments: int) -> None:
    found = chosen(clips(200, 7), Shingles(max_s=max_s), GRID)
    assert np.diff(found.bounds).tolist() == [segments, 7]


def test_a_wider_hop_takes_every_other() -> None:
    found = chosen(clips(5, 2), Shingles(hop_s=10.0), GRID)
    assert found.starts_s.tolist() == [0, 10, 20, 0]
    assert found.bounds.tolist() == [0, 3, 4]


def test_a_longer_shingle_is_a_mean() -> None:
    found = chosen(clips(5, 2), Shingles(length_s=30.0, hop_s=10.0), GRID)
    assert found.matrix[:, 0].tolist() == [5, 15, 2.5]
    assert found.starts_s.tolist() == [0, 10, 0]


def test_a_whole_clip_is_one_shingle() -> None:
    found = chosen(clips(5, 2), Shingles(length_s=0.0), Grid(None, 5.0))
    assert found.matrix[:, 0].tolist() == [10, 2.5]


@pytest.mark.parametrize(
    ("shingles", "grid", "message"),
    [
        (Shingles(hop_s=7.0), GRID, "no multiple"),
        (Shingles(hop_s=2.0), GRID, "no multiple"),
        (Shingles(length_s=10.0), GRID, "as long as one"),
        (Shingles(length_s=22.0), GRID, "as long as one"),
        (Shingles(length_s=30.0), Grid(None, 5.0), "does not say"),
    ],
)
def test_what_the_stored_segments_do_not_allow(shingles: Shingles, grid: Grid, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        chosen(clips(5), shingles, grid)


@pytest.mark.parametrize(
    "shingles", [Shingles(hop_s=5.0), Shingles(length_s=20.0), Shingles(max_s=60.0), Shingles(length_s=0.0, max_s=60.0)]
)
def test_of_one_vector_a_clip_there_is_nothing_to_choose(shingles: Shingles) -> None:
    with pytest.raises(UsageError, match="one vector a clip"):
        chosen(clips(1, 1), shingles, Grid(None, None))
    for whole in (Shingles(), Shingles(length_s=0.0), Shingles(length_s=0.0, hop_s=5.0)):
        assert chosen(clips(1, 1), whole, Grid(None, None)).bounds.tolist() == [0, 1, 2]


def test_a_maximum_between_two_numbers_of_a_machine() -> None:
    """0.7 s is a little less as float32, and still not before 0.7 s."""
    starts = np.array([0, 0.7, 1.4], np.float32)
    found = chosen(Sets(["c"], np.array([0, 3]), starts, starts[:, None]), Shingles(max_s=2.7), Grid(2.0, 0.7))
    assert found.bounds.tolist() == [0, 1]


def test_lengths_that_are_none() -> None:
    nan, endless = float("nan"), float("inf")
    for wrong in ({"length_s": -1.0}, {"hop_s": 0.0}, {"max_s": 0.0}, {"max_s": nan}, {"hop_s": endless}):
        with pytest.raises(UsageError, match="seconds"):
            Shingles(**wrong)


def test_the_grid_is_what_the_space_and_its_clips_say() -> None:
    space = Space("v", "versions", "d", {"segment_s": 20.0}, 1, "")
    assert Grid.of(space, clips(3, 1, 4)) == GRID
    assert Grid.of(Space("i", "import", "d", {}, 1, ""), clips(1, 1)) == Grid(None, None)
    told = Space("v", "versions", "d", {"segment_s": 20.0, "hop_s": 2.5}, 1, "")
    assert Grid.of(told, clips(1, 1)) == Grid(20.0, 2.5), "the first clips may all be short"
