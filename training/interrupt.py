"""Ctrl-C in a training: the step that runs is finished and saved before anything stops."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Interrupted(BaseException):
    """Stops a training from within an `interrupt_flag` block, which turns it into KeyboardInterrupt.

    Not a KeyboardInterrupt itself, because Lightning ends the process on one.
    """


@dataclass
class InterruptFlag:
    """Whether Ctrl-C was pressed."""

    raised: bool = False


@contextmanager
def interrupt_flag() -> Iterator[InterruptFlag]:
    """Give a flag that Ctrl-C raises within the block; a second Ctrl-C, by someone who will not wait, stops at once.

    Interrupted leaves the block as KeyboardInterrupt. Where the flag is raised and the block ends by itself, with its
    work done, KeyboardInterrupt follows then. Nothing changes where Ctrl-C is ignored (a job in the background), or
    outside the main thread, where Python delivers no signals.
    """
    flag = InterruptFlag()
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored or threading.current_thread() is not threading.main_thread():
        yield flag
        return

    def handle(*_: object) -> None:
        if flag.raised:
            raise Interrupted
        flag.raised = True

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield flag
    except Interrupted:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)
    if flag.raised:
        raise KeyboardInterrupt
