"""How many children there are: another one where waiting costs more than starting it, one kept for what comes next."""

from __future__ import annotations

import atexit
import os
import time
from threading import Condition, Lock

from .child import Child

START_COST_S = 0.25
"""Seconds that threads wait for a busy child, added up, before another one is started: what a start takes."""


class Staff:
    """The children of one piece of work, for any number of threads."""

    def __init__(self) -> None:
        self._idle: list[Child] = []
        self._count = 0
        self._starting = 0
        self._waited_s = 0.0
        self._changed = Condition()
        self._dismissed = False

    def take(self) -> Child:
        """Return a child that nobody else has."""
        with self._changed:
            while self._count and not self._idle and self._waited_s < START_COST_S:
                self._wait()
            if self._idle:
                return self._idle.pop()
            self._waited_s = 0.0
            self._count += 1
            self._starting += 1
        child = None
        try:
            child = _spare.take() or Child()
        finally:
            with self._changed:
                self._starting -= 1
                self._count -= child is None
                self._changed.notify_all()
        return child

    def _wait(self) -> None:
        """Wait for a child; while one is being started, that is no reason to start another."""
        began_s, free = time.monotonic(), bool(self._starting)
        self._changed.wait(START_COST_S - self._waited_s)
        if not free:
            self._waited_s += time.monotonic() - began_s

    def give_back(self, child: Child) -> None:
        """Take back a child that is ready for another file."""
        with self._changed:
            if not self._dismissed:
                self._idle.append(child)
                self._changed.notify()
                return
        child.end()

    def lose(self, child: Child) -> None:
        """End a child that was taken."""
        child.end()
        with self._changed:
            self._count -= 1
            self._changed.notify()

    def dismiss(self) -> None:
        """End all but one, which is left for whoever needs one next."""
        with self._changed:
            self._dismissed = True
            idle, self._idle = self._idle, []
        for child in idle:
            _spare.put(child)


class _Spare:
    """At most one child that waits for work: asking twice costs one start, and an idle process no more memory."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: Child | None = None
        self._owner = os.getpid()

    def take(self) -> Child | None:
        """Return it if there is one, and it is alive and was started by this very process."""
        with self._lock:
            child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return None
        if child.alive:
            return child
        child.end()
        return None

    def put(self, child: Child) -> None:
        """Keep it, or end it where there is one."""
        with self._lock:
            if self._child is None:
                self._child, self._owner = child, os.getpid()
                return
        child.end()

    def end(self) -> None:
        """End it, as the last that this process does."""
        if child := self.take():
            child.end()


_spare = _Spare()
atexit.register(_spare.end)
