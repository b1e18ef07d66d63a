"""How long work tells its caller how far it is: one callable, silent unless the caller passes another.

The command line passes a bar with an ETA on stderr; a notebook can pass its own. Nothing below the command line prints.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class Progress(Protocol):
    """Called after each step of long work."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Report that `done` of `total` units of `stage` are finished (`total` None: not known yet)."""


@runtime_checkable
class Teller(Progress, Protocol):
    """A Progress that takes lines as well, as the command line's does; a plain function is none."""

    def say(self, line: str) -> None:
        """Tell a line that stays, whatever is reported after it."""


def say(progress: Progress, line: str) -> None:
    """Tell `line` where `progress` has a way to."""
    if isinstance(progress, Teller):
        progress.say(line)


def left_s(done: int, total: int | None, first: int, seconds: float) -> float | None:
    """Return how long the rest of a stage takes at the pace so far, None where that cannot be told yet.

    first: what was done before, by what is gone on from; seconds: since then.
    """
    return seconds / (done - first) * (total - done) if total and done > first else None


def silent(stage: str, done: int, total: int | None) -> None:
    """The default: say nothing."""
