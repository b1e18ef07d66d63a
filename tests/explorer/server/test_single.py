from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from echodex.explorer.server.single import Single, once


def test_threads_that_ask_for_the_same_at_once_wait_for_one_answer() -> None:
    made: list[int] = []
    start = threading.Barrier(8)
    kept: Single[int] = Single()

    def make() -> int:
        time.sleep(0.05)
        made.append(1)
        return len(made)

    def ask(_: int) -> int:
        start.wait()
        return kept.get("key", make)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [1] * 8
    assert made == [1]


def test_another_key_does_not_wait() -> None:
    kept: Single[str] = Single()
    held = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(kept.get, "slow", lambda: "late" if held.wait(10) else "never")
        assert kept.get("quick", lambda: "soon") == "soon"
        held.set()
        assert slow.result() == "late"


def test_the_last_few_are_kept() -> None:
    kept: Single[str] = Single(2)
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key

    for key in "abacab":
        assert kept.get(key, partial(make, key)) == key
    assert made == ["a", "b", "c", "b"]  # c pushes b out, which was asked for before a


def test_a_failure_is_not_kept() -> None:
    kept: Single[int] = Single()
    with pytest.raises(ZeroDivisionError):
        kept.get("key", lambda: 1 // 0)
    assert kept.get("key", lambda: 7) == 7


def test_once_is_called_once() -> None:
    numbers = iter(range(5))
    ask = once(lambda: next(numbers))
    assert (ask(), ask()) == (0, 0)
