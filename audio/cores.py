"""How many cores there are for this process."""

from __future__ import annotations

import math
import os
from pathlib import Path

_MINE, _GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def core_count() -> int:
    """Return how many cores this process may use: those it is bound to, or as many as it is given the time of."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, math.ceil(min(cores_given(_MINE, _GROUPS), bound)))


def cores_given(mine: Path, groups: Path) -> float:
    """Return how many cores' time the control group has that the file `mine` names, as containers are limited.

    groups: where version 2 of control groups is mounted. Infinity where there is no limit, or version 1.
    """
    try:
        name = next(line[3:] for line in mine.read_text().splitlines() if line.startswith("0::"))
        most, _, period = (groups / name.strip("/") / "cpu.max").read_text().strip().partition(" ")
    except (OSError, StopIteration):
        return math.inf
    return int(most) / int(period) if most.isdecimal() and period.isdecimal() and int(period) else math.inf
