"""Work on many files at once, in order, in bounded memory: decoding goes on while the caller encodes and commits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from threading import Condition
from typing import TypeVar

from ..audio.cores import core_count

A = TypeVar("A")
B = TypeVar("B")

AHEAD_BYTES = 512 << 20
"""Results waiting for their turn may hold this much before the pool pauses: a few hours of audio, or one very long
clip.
"""


def in_order(
    work: Callable[[A], B],
    items: Iterable[A],
    *,
    ahead: int,
    size_bytes: Callable[[B], int] = lambda _: 0,
    limit_bytes: int = AHEAD_BYTES,
) -> Iterator[B]:
    """Yield work(item) for every item, in order, computed by a thread per core up to `ahead` items in advance.

    The pool pauses while results that wait for their turn hold more than `limit_bytes` by `size_bytes`. An
    exception of `work` is raised at its item's turn; what was not begun by then is dropped, as it is when the
    caller stops.
    """
    gate = _Gate(limit_bytes)

    def gated(turn: int, item: A) -> B:
        gate.wait(turn)
        result = work(item)
        gate.hold(size_bytes(result))
        return result

    numbered = enumerate(items)
    with ThreadPoolExecutor(max_workers=core_count(), thread_name_prefix="echodex") as pool:
        running: deque[Future[B]] = deque(pool.submit(gated, *item) for item in islice(numbered, ahead))
        try:
            while running:
                result = running.popleft().result()
                gate.release(size_bytes(result))
                running.extend(pool.submit(gated, *item) for item in islice(numbered, 1))
                yield result
        finally:
            gate.open()
            for future in running:
                future.cancel()


class _Gate:
    """Lets work begin while little enough waits; the item whose turn it is may always begin, so nothing can stall."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held_bytes = 0
        self._turn = 0
        self._changed = Condition()

    def wait(self, turn: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._held_bytes < self._limit_bytes or turn <= self._turn)

    def hold(self, size: int) -> None:
        with self._changed:
            self._held_bytes += size

    def release(self, size: int) -> None:
        with self._changed:
            self._held_bytes -= size
            self._turn += 1
            self._changed.notify_all()

    def open(self) -> None:
        with self._changed:
            self._held_bytes = -(1 << 62)
            self._changed.notify_all()
