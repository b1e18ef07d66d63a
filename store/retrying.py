"""Commits that another one comes between: made again, on what is there by then.

The writer lock keeps the processes of one machine apart. Another machine whose file system shares no locks, or a script
of somebody's own that writes by lancedb, heeds none; Lance then refuses the later of two commits that do not go
together, and says that it may be tried again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..errors import StoreLocked
from .files import storage_errors

T = TypeVar("T")

TRIES = 8
PAUSE_S = 0.02
"""The first pause is at most this long, each further one at most twice the last."""

_REFUSALS = ("retryable commit conflict", "commit conflict for version", "too many concurrent writers")


def committed(path: Path, commit: Callable[[], T]) -> T:
    """Return what `commit` returns, tried again as long as others commit to the table at `path` in between.

    `commit` opens the table anew each time. Raises StoreLocked where it came too late TRIES times, StorageError.
    """
    for tried in range(TRIES):
        with storage_errors(path):
            try:
                return commit()
            except (RuntimeError, OSError, ValueError) as error:
                if not _is_refusal(error):
                    raise
        time.sleep(random.uniform(0.0, PAUSE_S * 2**tried))  # noqa: S311  (nothing secret: who goes first is chance)
    raise StoreLocked(
        f"others keep writing to {path} without heeding its lock; stop them, then run the same command again"
    )


def _is_refusal(error: Exception) -> bool:
    said = str(error).lower()
    return any(words in said for words in _REFUSALS)
