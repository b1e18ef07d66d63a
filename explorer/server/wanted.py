"""Work for a browser that may have gone on to something else."""

from __future__ import annotations

import time
from collections.abc import Callable

from anyio import from_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

EVERY_S = 0.2
"""How often is asked whether the browser still waits."""


def while_wanted(request: Request) -> Callable[[], None]:
    """Return what a route in a thread calls at each step: it raises ClientDisconnect once nobody waits for it."""
    asked_s = time.monotonic()

    def heed() -> None:
        nonlocal asked_s
        if time.monotonic() - asked_s < EVERY_S:
            return
        asked_s = time.monotonic()
        if from_thread.run(request.is_disconnected):
            raise ClientDisconnect

    return heed
