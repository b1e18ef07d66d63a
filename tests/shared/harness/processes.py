"""Which processes of our own there are."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

DECODER, DESCRIBER = "echodex.audio.children.worker", "echodex.encoders.apart_worker"


def decoding(parent: int | None = None) -> list[int]:
    """Return the ids of the processes that decode, started by `parent` (None: this one)."""
    return running(DECODER, parent)


def running(module: str, parent: int | None = None) -> list[int]:
    """Return the ids of the processes that run a module, started by `parent` (None: this one)."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            told = place.joinpath("cmdline").read_bytes()
            parent_id = int(place.joinpath("stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):  # it has ended meanwhile
            continue
        if module.encode() in told and parent_id == (parent or os.getpid()):
            found.append(int(place.name))
    return found


def has_ended(pid: int) -> bool:
    """Return whether a process is gone, or merely waits to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def cpu_s(pid: int) -> float:
    """Return the seconds that a process has computed."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait until something holds; return whether it does by then."""
    end_s = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end_s:
            return False
        time.sleep(0.01)
    return True
