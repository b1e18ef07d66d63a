"""Progress on stderr: a bar with an ETA on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from ..progress import Progress, left_s, say

LINE_EVERY_S = 10.0


def bar() -> Progress:
    """Return what suits stderr."""
    return _Bar() if sys.stderr.isatty() else _Lines()


class Seen:
    """A Progress that those in `others` hear as well, which may come while it is at work."""

    def __init__(self, shown: Progress, others: Sequence[Progress]) -> None:
        self._shown, self._others = shown, others

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Pass on how far a stage is."""
        self._shown(stage, done, total)
        for other in self._others:
            other(stage, done, total)

    def say(self, line: str) -> None:
        """Tell a line to who is shown it."""
        say(self._shown, line)


class _Lines:
    """One plain line per stage every LINE_EVERY_S seconds."""

    def __init__(self) -> None:
        self._stage, self._first = "", 0
        self._began_s = self._said_s = time.monotonic()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now_s = time.monotonic()
        if stage != self._stage:
            self._stage, self._first, self._began_s, self._said_s = stage, done, now_s, now_s
        if now_s - self._said_s < LINE_EVERY_S:
            return
        self._said_s = now_s
        seconds = left_s(done, total, self._first, now_s - self._began_s)
        left = "" if seconds is None else f", about {seconds:.0f} s left"
        self.say(f"{stage}: {done} of {total if total is not None else '?'}{left}")

    def say(self, line: str) -> None:
        """Tell a line; where nobody reads stderr any more, the work goes on all the same."""
        with suppress(BrokenPipeError):
            print(line, file=sys.stderr, flush=True)  # noqa: T201


class _Bar:
    """A bar per stage, drawn by rich; the bar of the stage before is finished when the next one begins."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        self._rich = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if stage != self._stage:
            for task in self._rich.task_ids:
                self._rich.remove_task(task)
            self._stage, self._task = stage, self._rich.add_task(stage, total=total)
            self._rich.start()
        self._rich.update(self._task, completed=done, total=total)
        if total is not None and done >= total:
            self._rich.stop()
            self._stage = ""

    def say(self, line: str) -> None:
        """Tell a line, above the bar."""
        self._rich.console.print(line, markup=False, highlight=False, soft_wrap=True)
