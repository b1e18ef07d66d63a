"""The nodes of a Ray cluster on this machine, seen as processes; and the command line, run beside them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Nodes:
    """A cluster: its address, and the process ids that its nodes began with."""

    address: str
    pids: tuple[int, ...]

    def at_work(self) -> list[int]:
        """The workers that do a shard just now."""
        return [pid for pid, title in self._inside() if title.startswith("ray::EchodexWorker.do")]

    def workers(self) -> list[int]:
        return [pid for pid, title in self._inside() if title.startswith("ray::EchodexWorker")]

    def _inside(self) -> Iterator[tuple[int, str]]:
        parent, title = {}, {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                with suppress(OSError):
                    pid = int(folder.name)
                    parent[pid] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                    title[pid] = (folder / "cmdline").read_text().replace("\0", " ")
        for pid in parent:
            above = pid
            while above in parent and above not in self.pids:
                above = parent[above]
            if above in self.pids:
                yield pid, title[pid]


def wait_for(said: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until it is so; fail where it never is."""
    until = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start the command line in a process of its own, in a group of its own."""
    command = [sys.executable, "-m", "echodex.cli", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def run(*arguments: str | Path) -> str:
    """Return what the command line says on stdout; fail where it fails."""
    process = start(*arguments)
    out, err = process.communicate(timeout=170)
    assert process.returncode == 0, err
    return out
