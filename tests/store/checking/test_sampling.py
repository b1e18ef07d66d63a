"""A check of a share reads other rows each day, and in time all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.store.checking.sampling import BLOCK_ROWS, SMALL_ROWS, Sample


@given(st.integers(SMALL_ROWS + 1, 40 * BLOCK_ROWS), st.integers(1, 12), st.integers(0, 5 * BLOCK_ROWS))
def test_the_phases_of_a_period_read_every_row_once(count: int, period: int, first: int) -> None:
    blocks = [block for phase in range(period) for block in Sample(period, phase).blocks(first, count, first + count)]
    ends = 0
    for offset, length in sorted(blocks):
        assert offset == ends
        ends += length
    assert ends == count


@given(st.integers(1, SMALL_ROWS), st.integers(1, 20), st.integers(0, 19))
def test_a_small_table_is_always_read_whole(count: int, period: int, phase: int) -> None:
    blocks = list(Sample(period, phase % period).blocks(0, count, count))
    assert sum(length for _, length in blocks) == count


@pytest.mark.parametrize(("share", "period"), [(1.0, 1), (0.5, 2), (0.05, 20), (0.9, 1)])
def test_a_share_becomes_a_period(share: float, period: int) -> None:
    found = Sample.of(share)
    assert found.period == period
    assert 0 <= found.phase < period
