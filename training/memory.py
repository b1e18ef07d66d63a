"""Freed memory is kept for the next step of a training.

The activations of a step are tens of megabytes each. glibc asks the kernel for every block of that size and gives it
back when it is freed, and the kernel fills it with zeros, page by page, when it is touched again. Training SampleCNN on
a CPU spends half of its time on that. Told not to, glibc finds the block of the last step among its own. A small block
that outlives a step can keep a large one beside it from being found again; now and then all that is free is therefore
given back after all.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
"""Parameters of mallopt(3)."""

_LARGEST = 32 * 2**20
"""What the threshold for blocks of their own grows to by itself; setting any parameter ends that growth."""

_MAPPED_BLOCKS = 65_536
"""glibc's own limit of blocks that have a mapping each."""


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keep what is freed within the block; at its end it goes back to the kernel, as it does by `give_back`. Does
    nothing without glibc.
    """
    glibc = _glibc()
    if glibc is None:
        yield
        return
    glibc.mallopt(_MMAP_MAX, 0)
    glibc.mallopt(_TRIM_THRESHOLD, -1)
    try:
        yield
    finally:
        glibc.mallopt(_MMAP_MAX, _MAPPED_BLOCKS)
        glibc.mallopt(_MMAP_THRESHOLD, _LARGEST)
        glibc.mallopt(_TRIM_THRESHOLD, 2 * _LARGEST)
        give_back()


def give_back() -> None:
    """Give what is free back to the kernel, wherever it lies. Does nothing without glibc."""
    glibc = _glibc()
    if glibc is not None:
        glibc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """Return glibc where this process runs on it."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
