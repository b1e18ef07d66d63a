"""Trials of a promise: counted, written down where a full run asks for it, and judged when the test ends.

`make promises` runs them at full size and makes docs/promises.md from what was counted; other runs are small.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

LEDGER = "ECHODEX_PROMISES"
"""The environment variable that names the file of a full run's counts; where it is set, sizes are full."""


@dataclass
class Promise:
    """What a test tried of the promise `number`, and what of it was not kept."""

    number: str
    test: str
    trials: int = 0
    broken: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether this is a full run."""
        return LEDGER in os.environ

    def size(self, fast: int, full: int) -> int:
        """Return how many trials to make: `fast` in every run of the tests, `full` in a full one."""
        return full if self.full else fast

    def trial(self, kept: bool, what: str) -> None:
        """Count one trial; `what` says what was tried, and what came of it."""
        self.trials += 1
        if not kept:
            self.broken.append(what)

    def figure(self, name: str, value: float) -> None:
        """Note a figure that was measured beside the trials."""
        self.figures[name] = value

    def write_down(self) -> None:
        """Add the counts to the ledger, if this is a full run."""
        if self.full:
            told = {"promise": self.number, "test": self.test, "trials": self.trials, "failures": len(self.broken)}
            with Path(os.environ[LEDGER]).open("a") as ledger:
                ledger.write(json.dumps(told | {"figures": self.figures, "broken": self.broken[:20]}) + "\n")

    def judge(self) -> None:
        """Write the counts down; fail unless there were trials, all of them kept."""
        self.write_down()
        assert self.trials, f"{self.test} tried nothing of {self.number}"
        shown = "\n".join(self.broken[:20])
        assert not self.broken, f"{self.number} was broken in {len(self.broken)} of {self.trials} trials:\n{shown}"
