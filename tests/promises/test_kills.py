"""A process that is killed, at whatever file operation, loses nothing that was finished and doubles nothing.

The same command, run again, leaves what it leaves in a process that nobody disturbs.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from harness.faults import Shim
from harness.promise import Promise
from harness.trials import Plan, try_all


@pytest.mark.promise("P1")
def test_killed_anywhere_the_same_command_completes_it(promise: Promise, shim: Shim, tmp_path: Path) -> None:
    verbs = ["add", "embed", "materialise", "prune", "train"] if promise.full else ["add", "embed"]
    points = promise.size(fast=3, full=50)
    try_all(promise, shim, tmp_path, [Plan(verb, points=points) for verb in verbs], workers=promise.size(1, 2))
