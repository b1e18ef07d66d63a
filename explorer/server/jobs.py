"""Work that takes longer than an answer may: in threads of their own, a few at a time, watched and cancelled."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock, Thread
from typing import Any

from ...errors import EchodexError, NotFound, UsageError
from ...progress import Progress

RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
AT_ONCE = 2
"""Jobs that run; the others wait for their turn."""
KEPT = 3
"""Finished jobs of each kind whose results stay."""
MAX_WAITING = 8
"""Jobs that are not finished; another is refused."""
_HEED_S = 0.1
"""How soon a job that waits for its turn heeds that it was cancelled."""
_LAST_S = 2.0
"""How long closing waits for a job to heed it."""

Work = Callable[[Progress], Any]

logger = logging.getLogger(__name__)


class _Cancelled(KeyboardInterrupt):
    """Raised in the thread of a job at its next step: what heeds Ctrl-C heeds it as well."""


@dataclass(frozen=True)
class Asked:
    """What is asked: the same again is answered by the same job. kind: of work, such as "plan"; key: all that the
    answer depends on.
    """

    kind: str
    key: Hashable


class Job:
    """One piece of work, and how far it is. It is the Progress of what works."""

    def __init__(self, name: str, asked: Asked) -> None:
        self.name, self.asked = name, asked
        self.state = RUNNING
        self.result: Any = None
        self.error: str | None = None
        self.cancelled = False
        self._stage, self._done = "waiting", 0
        self._total: int | None = None
        self._started = self._stage_started = time.monotonic()
        self._ended: float | None = None

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note of a step; end the work where it was cancelled."""
        if self.cancelled:
            raise _Cancelled
        if stage != self._stage:
            self._stage_started = time.monotonic()
        self._stage, self._done, self._total = stage, done, total

    def run(self, work: Work) -> None:
        """Do the work; whatever comes of it is noted."""
        self._started = time.monotonic()
        try:
            self("", 0, None)
            self.result = work(self)
            self.state = DONE
        except _Cancelled:
            self.state = CANCELLED
        except EchodexError as error:
            self.error, self.state = str(error), FAILED
        except Exception as error:
            if self.cancelled:  # as by the end of the process, which takes from under it what it works with
                self.state = CANCELLED
            else:
                logger.exception("job %s (%s) failed", self.name, self.asked.kind)
                self.error, self.state = f"internal: {type(error).__name__}; the terminal says more", FAILED
        finally:
            self.state = FAILED if self.state == RUNNING else self.state
            self._ended = time.monotonic()

    def told(self) -> dict[str, Any]:
        """Return what the page is told."""
        now = self._ended or time.monotonic()
        left_s = None
        if self.state == RUNNING and self._total and self._done:
            left_s = round((now - self._stage_started) * (self._total - self._done) / self._done, 2)
        return {
            "job": self.name,
            "kind": self.asked.kind,
            "state": self.state,
            "stage": self._stage,
            "done": self._done,
            "total": self._total,
            "seconds": round(now - self._started, 3),
            "left_s": left_s,
            "error": self.error,
        }


class Jobs:
    """The jobs of a session. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._jobs: dict[str, Job] = {}
        self._threads: dict[str, Thread] = {}
        self._numbers = itertools.count(1)
        self._turns = BoundedSemaphore(AT_ONCE)

    def start(self, asked: Asked, work: Work) -> Job:
        """Return the job that does `work`: one that does it or has done it, where the same was asked before.

        Raises UsageError where too many are waiting.
        """
        with self._lock:
            for job in self._jobs.values():
                if job.asked == asked and job.state in (RUNNING, DONE) and not job.cancelled:
                    return job
            if sum(job.state == RUNNING for job in self._jobs.values()) >= MAX_WAITING:
                raise UsageError(f"{MAX_WAITING} jobs are waiting already; cancel one, or wait until one is done")
            self._forget(asked.kind)
            job = Job(f"j{next(self._numbers)}", asked)
            self._jobs[job.name] = job
            thread = Thread(target=self._in_turn, args=(job, work), name=f"explorer-{job.name}", daemon=True)
            self._threads[job.name] = thread
            thread.start()
            return job

    def find(self, name: str) -> Job:
        """Return a job by its name. Raises NotFound for one that never was, or whose result was dropped for newer."""
        with self._lock:
            found = self._jobs.get(name)
        if found is None:
            raise NotFound(f"job {name[:80]!r} does not exist any more; ask again")
        return found

    def result(self, name: str, kind: str) -> Any:
        """Return what a job of a kind found out. Raises NotFound, and UsageError where it has found nothing (yet)."""
        job = self.find(name)
        if job.asked.kind != kind:
            raise UsageError(f"job {name[:80]!r} is of kind {job.asked.kind!r}, not {kind!r}")
        if job.state != DONE:
            raise UsageError(f"job {name[:80]!r} is {job.state}; it has no result")
        return job.result

    def cancel(self, name: str) -> Job:
        """Let a job end at its next step; one that has ended stays as it is."""
        job = self.find(name)
        job.cancelled = job.state == RUNNING
        return job

    def close(self) -> None:
        """Cancel what runs, and wait a moment for it to heed that."""
        with self._lock:
            running = [(job, self._threads[job.name]) for job in self._jobs.values() if job.state == RUNNING]
        for job, _ in running:
            job.cancelled = True
        until = time.monotonic() + _LAST_S
        for _, thread in running:
            thread.join(max(0.0, until - time.monotonic()))

    def _in_turn(self, job: Job, work: Work) -> None:
        """Do the work of a job when it is its turn; one that is cancelled before does not wait for that."""
        begun = False
        while not (begun or job.cancelled):
            begun = self._turns.acquire(timeout=_HEED_S)
        try:
            job.run(work)
        finally:
            if begun:
                self._turns.release()

    def _forget(self, kind: str) -> None:
        """Drop the oldest finished jobs of a kind, so that one more makes KEPT."""
        ended = [name for name, job in self._jobs.items() if job.asked.kind == kind and job.state != RUNNING]
        for name in ended[: max(0, len(ended) - KEPT + 1)]:
            del self._jobs[name], self._threads[name]
