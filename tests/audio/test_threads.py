"""Threads that compute alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from echodex.audio.threads import in_threads


@pytest.fixture(autouse=True)
def _two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_are_in_order_and_each_thread_has_one_of_its_own() -> None:
    both = threading.Barrier(2, timeout=30)

    def work(item: int) -> tuple[int, int]:
        both.wait()  # passes only where two items are worked on at once
        return item, torch.get_num_threads()

    assert in_threads(work, range(6)) == [(item, 1) for item in range(6)]
    assert torch.get_num_threads() == 2


def test_an_error_comes_out_and_the_threads_are_given_back() -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda item: 1 // item, [1, 0])
    assert torch.get_num_threads() == 2
