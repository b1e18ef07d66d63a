"""A pipe that nobody writes to: who watches one end leaves when the other one closes, however its owner came to an end.

It works where a parent's death cannot be seen otherwise: after SIGKILL, and on every Unix.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe, resource_tracker
from multiprocessing.connection import Connection

from .interrupt import HEEDED


class Lifeline:
    """The owner keeps it; `end` goes to the processes that it starts."""

    def __init__(self) -> None:
        self.end, self._owned = Pipe(duplex=False)

    def cut(self) -> None:
        """Make those who watch leave."""
        self._owned.close()
        self.end.close()


@contextmanager
def born_deaf() -> Iterator[None]:
    """Block Ctrl-C and SIGTERM in processes that are started in the block, until they call `live_by`.

    A terminal sends them to all, and what is being started does not know yet that it must not heed them.
    """
    resource_tracker.ensure_running()  # or it is started in the block, which ends the blocking
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def live_by(end: Connection, *, grace_s: float = 0.0, deaf_s: float = math.inf) -> None:
    """Let this process end with the owner of the lifeline, and leave Ctrl-C and SIGTERM to the owner.

    grace_s: how long it may go on when the line is cut, so as to leave by itself, holding no lock. deaf_s: how long it
    may go on after SIGTERM; not for ever where others than the owner start it and end it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if deaf_s == math.inf else lambda *_: _leave_after(deaf_s))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)
    threading.Thread(target=_watch, args=(end, grace_s), daemon=True).start()


def _watch(end: Connection, grace_s: float) -> None:
    with suppress(EOFError, OSError):
        end.recv_bytes()
    _leave_after(grace_s)


def _leave_after(seconds: float) -> None:
    def leave() -> None:
        time.sleep(seconds)
        os._exit(0)

    threading.Thread(target=leave, daemon=True).start()
