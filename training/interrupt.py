"""Ctrl-C and SIGTERM in a training: the step that runs is finished and saved before anything stops."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import Terminated

HEEDED = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}
"""The signals that ask a training to stop, and what they end it with."""

_ECHO_S = 0.2
"""A second SIGTERM so soon is the first once more: `timeout` sends it to the process, and then to its group."""


class Interrupted(BaseException):
    """Stops a training from within an `interrupt_flag` block, which turns it into what the signal means.

    Not a KeyboardInterrupt itself, because Lightning ends the process on one.
    """


@dataclass
class InterruptFlag:
    """Whether a signal asked to stop, and what that one means."""

    raised: bool = False
    meaning: type[KeyboardInterrupt] = KeyboardInterrupt


@contextmanager
def interrupt_flag() -> Iterator[InterruptFlag]:
    """Give a flag that Ctrl-C and SIGTERM raise within the block; a second one, of who will not wait, stops at once.

    Interrupted leaves the block as KeyboardInterrupt, after SIGTERM as Terminated, which is one. Where the flag is
    raised and the block ends by itself, with its work done, the same follows then. Nothing changes for a signal that is
    ignored (Ctrl-C in a job in the background), or outside the main thread, where Python delivers no signals.
    """
    flag = InterruptFlag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    raised_at_s = 0.0

    def handle(number: int, _: object) -> None:
        nonlocal raised_at_s
        if not flag.raised:
            flag.raised, flag.meaning, raised_at_s = True, HEEDED[signal.Signals(number)], time.monotonic()
        elif number != signal.SIGTERM or time.monotonic() - raised_at_s > _ECHO_S:
            raise Interrupted

    heeded = [number for number in HEEDED if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in heeded}
    try:
        yield flag
    except Interrupted:
        raise flag.meaning from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if flag.raised:
        raise flag.meaning
