from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.training.order import Shuffle, epoch_rows
from echodex.training.shards import Shard

shuffles = st.builds(
    Shuffle,
    seed=st.integers(0, 2**40),
    block_rows=st.integers(1, 9),
    lanes=st.integers(1, 4),
    buffer_batches=st.integers(1, 3),
)


def test_textbook() -> None:
    """Ten rows in blocks of three: neighbours of a block stay within their buffer of six rows."""
    shuffle = Shuffle(seed=1, block_rows=3, buffer_batches=3)
    rows = epoch_rows(12, shuffle, Shard(2), 0)
    assert sorted(rows) == list(range(12))
    blocks = [{int(row) // 3 for row in rows[start : start + 6]} for start in (0, 6)]
    assert [len(found) for found in blocks] == [2, 2]


def test_plain_permutation_is_pinned() -> None:
    assert epoch_rows(8, Shuffle(42), Shard(4), 0).tolist() == [3, 4, 2, 7, 6, 1, 5, 0]
    assert epoch_rows(8, Shuffle(42), Shard(4), 1).tolist() == [0, 4, 6, 1, 2, 7, 3, 5]


@given(st.integers(1, 300), shuffles, st.integers(1, 17), st.integers(1, 5), st.booleans(), st.integers(0, 3))
def test_every_row_once_and_equal_shares(
    count: int, shuffle: Shuffle, batch_size: int, world: int, drop: bool, epoch: int
) -> None:
    shards = [Shard(batch_size, rank, world, drop) for rank in range(world)]
    parts = [epoch_rows(count, shuffle, shard, epoch) for shard in shards]
    assert {len(part) for part in parts} == {shards[0].used_rows(count)}
    rows, seen = np.unique(np.concatenate(parts), return_counts=True)
    if drop:
        assert (seen == 1).all()
        assert all(len(part) % batch_size == 0 for part in parts)
    else:
        assert rows.tolist() == list(range(count))
        assert seen.sum() == world * -(-count // world)
        assert seen.max() <= -(-world // count) + 1


@given(st.integers(1, 300), shuffles, st.integers(1, 6), st.integers(1, 5), st.integers(0, 3))
def test_how_many_ranks_share_a_batch_changes_nothing_of_it(
    count: int, shuffle: Shuffle, batch_size: int, world: int, epoch: int
) -> None:
    """Batch for batch, the ranks together read what one would; the first of them a copy of what makes shares equal."""
    step = batch_size * world
    for drop in (True, False):
        alone = epoch_rows(count, shuffle, Shard(step, drop=drop), epoch)
        shares = [epoch_rows(count, shuffle, Shard(batch_size, rank, world, drop), epoch) for rank in range(world)]
        batches = Shard(step, drop=drop).batches(count)
        assert Shard(batch_size, 0, world, drop).batches(count) == batches
        whole = count // step if shuffle.block_rows == 1 or drop else 0  # padding moves the rows of lanes
        for batch in range(whole):
            parts = [share[batch * batch_size : (batch + 1) * batch_size] for share in shares]
            assert sorted(np.concatenate(parts)) == sorted(alone[batch * step : (batch + 1) * step])
        assert set(np.concatenate(shares)) == set(alone)


def test_each_rank_reads_runs_of_the_table() -> None:
    """Of a buffer of four blocks each of two ranks reads two: its share of a batch is not spread over all of them."""
    shuffle = Shuffle(seed=5, block_rows=16, buffer_batches=8)
    for rank in range(2):
        rows = epoch_rows(64, shuffle, Shard(4, rank, 2), 0)
        blocks = np.bincount(rows // 16, minlength=4)
        assert np.sort(blocks)[-2:].sum() >= 26  # of 32; a draw would have 16


@given(shuffles)
def test_another_epoch_is_another_order(shuffle: Shuffle) -> None:
    first, again, other = (epoch_rows(200, shuffle, Shard(8), epoch) for epoch in (3, 3, 4))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_buffers_of_a_lane_hold_whole_blocks() -> None:
    """What a reader needs for the next batches of its lane are runs of the table, not single rows."""
    shuffle, shard = Shuffle(seed=5, block_rows=16, lanes=2, buffer_batches=4), Shard(8)
    rows = epoch_rows(512, shuffle, shard, 0).reshape(-1, 2, 8)  # [turn, lane, row of the batch]
    for lane in range(2):
        for buffer in np.split(rows[:, lane], 8):
            assert len({int(row) // 16 for row in buffer.reshape(-1)}) == 2


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_lanes_share_the_last_short_batch(lanes: int) -> None:
    rows = epoch_rows(10, Shuffle(0, block_rows=2, lanes=lanes), Shard(4), 0)
    assert sorted(rows) == list(range(10))
