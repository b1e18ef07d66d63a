"""The libraries that run threads of their own, to hold them to one where more are slower."""

from __future__ import annotations

from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def libraries() -> ThreadpoolController:
    """Return the libraries that run threads. Found once: to look for them takes longer than to limit them."""
    return ThreadpoolController()
