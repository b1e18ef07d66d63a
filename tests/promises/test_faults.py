"""A file operation that fails, whichever it is, leaves what was there before, or what was to be: never a mix.

The verb ends well, or with one sentence and the code of a disk that failed; the same command completes it afterwards.
"""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from harness.bench import VERBS
from harness.faults import Shim
from harness.promise import Promise
from harness.trials import Plan, try_all


@pytest.mark.promise("P2")
def test_whichever_operation_fails_it_is_the_old_state_or_the_new_one(
    promise: Promise, shim: Shim, tmp_path: Path
) -> None:
    verbs = [verb for verb in VERBS if verb != "add and embed"] if promise.full else ["import"]
    points = None if promise.full else 8
    try_all(promise, shim, tmp_path, [Plan(verb, errno.EIO, points) for verb in verbs], workers=promise.size(1, 2))
