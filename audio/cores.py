"""How many cores there are for this process."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUPS, _MINE = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def core_count() -> int:
    """Return how many cores this process may use: those that it is bound to, or what its container is allowed."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, min(bound, math.ceil(min(_allowed(), bound))))


def _allowed() -> float:
    """Return how many cores' time the control group of this process has (version 2), infinity if it is not limited."""
    try:
        name = next(line[3:] for line in _MINE.read_text().splitlines() if line.startswith("0::"))
        return parse_quota((_CGROUPS / name.strip("/") / "cpu.max").read_text())
    except (OSError, StopIteration):
        return math.inf


def parse_quota(told: str) -> float:
    """Return how many cores' time a `cpu.max` gives: "200000 100000" (microseconds, of each so many) is 2."""
    most, _, period = told.strip().partition(" ")
    return int(most) / int(period) if most.isdecimal() and period.isdecimal() and int(period) else math.inf
