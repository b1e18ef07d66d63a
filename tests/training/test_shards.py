from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.errors import UsageError
from echodex.training.shards import Shard, lane_sizes, worker_batches


def test_textbook() -> None:
    """10 rows over 3 ranks in batches of 2: four rows each with two repeats, or three each, the odd one dropped."""
    padded, dropped = Shard(2, 0, 3), Shard(2, 0, 3, drop=True)
    assert (padded.rows(10), padded.batches(10), padded.used_rows(10)) == (4, 2, 4)
    assert (dropped.rows(10), dropped.batches(10), dropped.used_rows(10)) == (3, 1, 2)


@given(st.integers(0, 500), st.integers(1, 20), st.integers(1, 9))
def test_lanes_add_up(rows: int, batch_size: int, lanes: int) -> None:
    batches = -(-rows // batch_size)
    sizes = lane_sizes(batches, rows, batch_size, lanes)
    assert sum(sizes) == rows
    assert [-(-size // batch_size) for size in sizes] == [len(range(lane, batches, lanes)) for lane in range(lanes)]


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 8))
def test_workers_share_the_batches_in_turns(batches: int, start: int, workers: int) -> None:
    parts = [list(worker_batches(batches, start, worker, workers)) for worker in range(workers)]
    turns = [part[turn] for turn in range(batches) for part in parts if turn < len(part)]
    assert turns == list(range(start, batches))


@pytest.mark.parametrize(("batch_size", "rank", "world"), [(0, 0, 1), (4, 2, 2), (4, -1, 2)])
def test_impossible_shards(batch_size: int, rank: int, world: int) -> None:
    with pytest.raises(UsageError):
        Shard(batch_size, rank, world)
