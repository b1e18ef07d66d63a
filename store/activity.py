"""What other processes do with a store right now: a small file each, `activity/<pid>-<random>.json`, while they work.

It is a hint. Nothing waits for it, a disk that is full or read-only is passed over, and what a process that was killed
leaves behind is cleared by the next reader.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import StorageError
from ..progress import left_s
from ..schemas.read_json import read_json
from .files import PRIVATE_FOLDER, write_atomic

FOLDER = "activity"
EVERY_S = 1.0
"""How often a process writes at most; work that is done before that leaves no trace."""
PULSE_S = 60.0
"""How often it writes where there is nothing new, to say that it lives."""
FORGOTTEN_S = 600.0
"""After how long without a word a process on another host, which cannot be asked, counts as gone."""


@dataclass(frozen=True)
class Activity:
    """A process at work on a store: verb, as in "train clmr", and `done` of `total` (None: not known) of a stage.

    id: the file's name; started_at: when the verb began; updated_at: when it last said so, both in UTC; left_s: what is
    left of the stage from now, None where nobody knows; host: where `pid` is the process.
    """

    id: str
    verb: str
    stage: str
    done: int
    total: int | None
    started_at: str
    updated_at: str
    left_s: float | None
    pid: int
    host: str


class _Report(NamedTuple):
    """What was last reported, and since when, from how many on, the stage has been at work."""

    stage: str
    done: int
    total: int | None
    first: int
    began_s: float


class Reporter:
    """A Progress that lets other processes see it. A call notes three values; a thread of its own writes them down."""

    def __init__(self, folder: Path, verb: str) -> None:
        pid = os.getpid()
        self._path = folder / FOLDER / f"{pid}-{secrets.token_hex(4)}.json"
        self._same = {
            "verb": verb,
            "pid": pid,
            "host": socket.gethostname(),
            "process": _mark(pid),
            "started_at": _now(),
        }
        self._latest = _Report("", 0, None, 0, 0.0)
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Note how far a stage is."""
        last = self._latest
        began = (last.first, last.began_s) if stage == last.stage else (done, time.monotonic())
        self._latest = _Report(stage, done, total, *began)
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="activity", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Take the file away; later calls say nothing."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=EVERY_S)  # a disk that hangs must not hold up the end

    def _watch(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are for the thread that works
        clear_dead(self._path.parent.parent)
        written, written_s = None, 0.0
        while not self._closed.wait(EVERY_S):
            latest = self._latest
            if latest != written or time.monotonic() - written_s >= PULSE_S:
                self._write(latest)
                written, written_s = latest, time.monotonic()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self, latest: _Report) -> None:
        stage, done, total, first, began_s = latest
        left = left_s(done, total, first, time.monotonic() - began_s)
        told = {"stage": stage, "done": done, "total": total, "left_s": left, "updated_at": _now()}
        with suppress(OSError, StorageError):
            if not self._path.parent.is_dir():
                self._path.parent.mkdir(mode=PRIVATE_FOLDER)  # not its parents: a store that was deleted stays so
            write_atomic(self._path, json.dumps(self._same | told).encode(), durable=False)


def running(folder: Path) -> list[Activity]:
    """Return who is at work on the store at `folder`, the longest first; what dead processes left is cleared."""
    clear_dead(folder)
    found = [_activity(path.stem, told) for path in _files(folder) if (told := _told(path))]
    return sorted((one for one in found if one), key=lambda one: (one.started_at, one.id))


def clear_dead(folder: Path) -> None:
    """Remove the files of processes that are gone, and what nobody can read and is old."""
    with suppress(OSError):
        for path in (*_files(folder), *(folder / FOLDER).glob(".*.tmp")):
            with suppress(OSError):
                old = time.time() - path.stat().st_mtime > FORGOTTEN_S
                told = _told(path)
                if old if told is None or told.get("host") != socket.gethostname() else _gone(told):
                    path.unlink(missing_ok=True)


def _files(folder: Path) -> list[Path]:
    return list((folder / FOLDER).glob("[!.]*.json"))


def _told(path: Path) -> dict[str, Any] | None:
    """Return what a file says, None where it is not whole or not ours."""
    try:
        told = read_json(path.read_bytes())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def _activity(name: str, told: dict[str, Any]) -> Activity | None:
    try:
        age_s = (datetime.now(UTC) - datetime.fromisoformat(told["updated_at"])).total_seconds()
        left = told["left_s"]
        return Activity(
            id=name,
            verb=str(told["verb"]),
            stage=str(told["stage"]),
            done=int(told["done"]),
            total=None if told["total"] is None else int(told["total"]),
            started_at=str(told["started_at"]),
            updated_at=str(told["updated_at"]),
            left_s=None if left is None else max(0.0, float(left) - age_s),
            pid=int(told["pid"]),
            host=str(told["host"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _gone(told: dict[str, Any]) -> bool:
    """Return whether the process of this host that wrote a file is dead, its number perhaps given to another one."""
    pid = told.get("pid")
    return not isinstance(pid, int) or _mark(pid) != told.get("process")


def _mark(pid: int) -> str | None:
    """Return when a process was started, in ticks since the machine was ("" where the system does not tell), None where
    there is none, or one that has ended and waits for its parent to ask.
    """
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # it lives, and is another user's
    return ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
