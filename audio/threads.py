"""Work on many clips at once: a thread for each core, and each computes alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_threads(work: Callable[[Given], Made], items: Iterable[Given]) -> list[Made]:
    """Return work(item) for each, in order, on as many threads as torch has, each of which computes alone.

    Sums are then made in the same order whatever the number of threads, to the bit, and no thread waits for another.
    """
    with _one_thread_each() as threads, ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


@contextmanager
def _one_thread_each() -> Iterator[int]:
    """Let each thread that starts inside compute alone; yield how many threads torch had, and give them back."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)
