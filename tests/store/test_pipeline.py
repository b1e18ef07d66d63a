from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echodex.store.pipeline import in_order


@given(items=st.lists(st.integers()), ahead=st.integers(1, 20))
def test_results_come_in_order(items: list[int], ahead: int) -> None:
    assert list(in_order(lambda x: x * 2, items, ahead=ahead)) == [x * 2 for x in items]


def test_an_error_comes_at_its_turn() -> None:
    results = in_order(lambda x: 1 // x, [2, 1, 0, 1], ahead=4)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_large_results_hold_the_pool_back_but_never_stall_it() -> None:
    alive, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> int:
        nonlocal alive, most
        with lock:
            alive += 1
            most = max(most, alive)
        return 100

    for _ in in_order(work, range(50), ahead=50, size_bytes=lambda size: size, limit_bytes=300):
        time.sleep(0.001)
        with lock:
            alive -= 1
    assert alive == 0
    assert most < 50


def test_one_result_larger_than_the_limit_still_comes() -> None:
    assert list(in_order(lambda x: x, [10, 10, 10], ahead=3, size_bytes=lambda size: size, limit_bytes=1)) == [10] * 3
