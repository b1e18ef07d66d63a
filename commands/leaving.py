"""Ending the process, also where threads still work."""

from __future__ import annotations

import os
import sys
import threading
from typing import NoReturn


def leave(exit_code: int) -> NoReturn:
    """Exit; at once where threads still work, which must not hold up a command that was told to end."""
    if all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()):
        sys.exit(exit_code)  # the proper end, for what has to be given back: semaphores, temporary folders
    sys.stdout.flush()
    os._exit(exit_code)
