"""How much memory a piece of work takes at most, whatever the process took before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Found = TypeVar("Found")

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_growth_mb(work: Callable[[], Found]) -> tuple[Found, float]:
    """Return what `work` returns, and by how many MB this process peaks above what it holds now while it runs.

    Not by ru_maxrss, which never falls: where more was held once, nothing would show. Skips the test without Linux.
    """
    if not _CLEAR.exists():
        pytest.skip("measures memory through /proc")
    _CLEAR.write_text("5")  # so that the peak is that of what follows
    before_mb = _resident_mb("VmRSS")
    found = work()
    return found, _resident_mb("VmHWM") - before_mb


def _resident_mb(kind: str) -> float:
    told = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(told[kind].split()[0]) / 1024
