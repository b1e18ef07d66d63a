"""What NumPy computes of many clips, in processes: on short arrays it hardly lets go of the interpreter's lock, so that
threads wait for each other, and two of them may take longer than one.
"""

from __future__ import annotations

import atexit
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

from ..audio.children.tied import Tied
from ..audio.cores import core_count
from ..schemas.arrays import Float32
from .apart_worker import receive, send

START_COST_S = 1.0
"""So much is computed here before processes are started: what it takes to start one, which loads SciPy."""

_WORKER = f"{__package__}.apart_worker"

Describe = Callable[[Float32], Float32]
"""A function of a module: numbers float32[d] of a waveform float32[n], the same whatever it was given before."""


class Apart:
    """Computes `describe` of many waveforms, to the bit what it is here, in a process for each core.

    They are started once START_COST_S was spent here on lists of waveforms, help as soon as they are ready, and end by
    themselves when nothing was asked of them for a while. What one was asked that died is computed here.
    """

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._children: list[_Child] = []
        self._owner = os.getpid()
        self._spent_s = 0.0
        self._busy = Lock()
        atexit.register(self.end)

    def each(self, waveforms: Sequence[Float32]) -> list[Float32]:
        """Return describe(waveform) for each, in order. For any number of threads, one of which has the processes."""
        if len(waveforms) < 2 or core_count() < 2 or not self._busy.acquire(blocking=False):
            return [self._describe(waveform) for waveform in waveforms]
        try:
            children, began_s = self._ready(), time.perf_counter()
            found = self._shared(waveforms, children)
            self._spent_s += 0.0 if children else time.perf_counter() - began_s
            return found
        finally:
            self._busy.release()

    def end(self) -> None:
        """End the processes."""
        if self._owner == os.getpid():  # a copy of this process has not started them
            for child in self._children:
                child.end()
        self._children, self._spent_s = [], 0.0

    def _shared(self, waveforms: Sequence[Float32], children: Sequence[_Child]) -> list[Float32]:
        """Return the same by so many processes, and by this one where a core is left."""
        found: dict[int, Float32] = {}
        left = deque(enumerate(waveforms))

        def work(child: _Child | None) -> None:
            while left:
                try:
                    at, waveform = left.popleft()
                except IndexError:  # another thread took the last
                    return
                told = child.ask(waveform) if child else None
                found[at] = self._describe(waveform) if told is None else told

        with ThreadPoolExecutor(max(len(children), 1)) as threads:
            running = [threads.submit(work, child) for child in children]
            try:
                if len(children) < core_count():
                    work(None)
                for thread in running:
                    thread.result()
            finally:
                left.clear()  # where one failed, or Ctrl-C came, the others stop
        return [found[at] for at in range(len(waveforms))]

    def _ready(self) -> list[_Child]:
        """Return the processes that can be asked by now; start those that are missing, where it is worth it."""
        if self._owner != os.getpid():
            self._children, self._owner, self._spent_s = [], os.getpid(), 0.0
        gone = [child for child in self._children if not child.alive]
        for child in gone:
            child.end()
            self._children.remove(child)
        if gone and not self._children:  # they had nothing to do for a while
            self._spent_s = 0.0
        if self._spent_s < START_COST_S:
            return []
        with suppress(OSError):  # no more processes, or files, are to be had: fewer help, or none
            while len(self._children) < core_count():
                self._children.append(_Child(self._describe))
        return [child for child in self._children if child.ready()]


class _Child:
    """One process, seen from here. Not for several threads at once."""

    def __init__(self, describe: Describe) -> None:
        self._tied = Tied(_WORKER, describe.__module__, describe.__qualname__)
        self._ready = False

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._tied.alive

    def ready(self) -> bool:
        """Return whether it has loaded what it needs."""
        if not self._ready and self._tied.speaks(0):
            self._ready = self._tied.is_ready()
        return self._ready

    def ask(self, waveform: Float32) -> Float32 | None:
        """Return what it computes; None where it is gone."""
        try:
            send(self._tied.requests.fileno(), waveform)
            return receive(self._tied.replies.fileno())
        except OSError:
            return None

    def end(self) -> None:
        """End it now, whatever it is doing."""
        self._tied.end()
