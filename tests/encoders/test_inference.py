"""Networks over windows: the same bits whatever runs beside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from torch import nn

from echodex.encoders.inference import MAX_BATCH, batches, forward_each
from echodex.encoders.samplecnn import WINDOW, FoldedSampleCNN, SampleCNN


@pytest.fixture
def threads() -> Iterator[None]:
    """Give back the number of threads that torch had."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads")
def test_the_number_of_threads_changes_no_bit() -> None:
    network = FoldedSampleCNN(SampleCNN()).eval()
    windows = list(np.random.default_rng(0).standard_normal((3, WINDOW)).astype(np.float32))
    rows = []
    for threads in (1, 2, 16):
        torch.set_num_threads(threads)
        rows.append(forward_each(network, windows))
        assert torch.get_num_threads() == threads
    assert_array_equal(rows[0], rows[1])
    assert_array_equal(rows[0], rows[2])


class Failing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, block: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no memory")


@pytest.mark.usefixtures("threads")
def test_threads_are_given_back_after_a_failure() -> None:
    torch.set_num_threads(3)
    with pytest.raises(RuntimeError, match="no memory"):
        forward_each(Failing(), [np.zeros(5, np.float32)])
    assert torch.get_num_threads() == 3


@given(lengths=st.lists(st.integers(1, 50), max_size=40), room=st.integers(0, 200))
def test_batches_keep_the_order_are_of_equal_length_and_fit(lengths: list[int], room: int) -> None:
    windows = [np.full(length, number, np.float32) for number, length in enumerate(lengths)]
    found = list(batches(windows, room))
    assert [int(window[0]) for batch in found for window in batch] == list(range(len(windows)))
    for batch in found:
        assert len({len(window) for window in batch}) == 1
        assert len(batch) == 1 or sum(map(len, batch)) <= room


def test_a_batch_has_at_most_so_many_windows() -> None:
    sizes = [len(batch) for batch in batches([np.zeros(1, np.float32)] * (MAX_BATCH + 3), 10**9)]
    assert sizes == [MAX_BATCH, 3]
