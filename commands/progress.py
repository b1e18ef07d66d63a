"""Progress on stderr: a bar with an ETA on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import suppress

from ..progress import Progress

LINE_EVERY_S = 10.0


def bar() -> Progress:
    """Return what suits stderr."""
    return _Bar() if sys.stderr.isatty() else _Lines()


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
        here = done - self._first  # the others were done before, by what is gone on from
        left = f", about {(now_s - self._began_s) / here * (total - done):.0f} s left" if total and here else ""
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
