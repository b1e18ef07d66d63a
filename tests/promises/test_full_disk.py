"""A full disk is one sentence and exit code 74; what was there stays readable, and with room the verb completes."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from harness.faults import ROOM, Shim
from harness.full_disk import OWN_MOUNTS, WORKER, can_mount
from harness.promise import Promise
from harness.trials import Plan, try_all

VERBS = ["add and embed", "index build", "prune", "train"]


@pytest.mark.promise("P5")
def test_no_room_from_some_operation_on(promise: Promise, shim: Shim, tmp_path: Path) -> None:
    verbs = VERBS if promise.full else VERBS[:1]
    plans = [Plan(verb, errno.ENOSPC, promise.size(2, 12), onwards=True, kinds=int(ROOM)) for verb in verbs]
    try_all(promise, shim, tmp_path, plans)


@pytest.mark.promise("P5")
def test_disks_that_really_are_full(promise: Promise, shim: Shim, tmp_path: Path) -> None:
    if not can_mount():
        pytest.skip("needs mounts of its own: Linux, and root or user namespaces")
    verbs = VERBS if promise.full else VERBS[:1]
    cases = [(8, 0.1), (16, 0.5), (32, 0.8)] if promise.full else [(8, 0.5)]
    process = shim.start(WORKER, tmp_path, json.dumps([verbs, cases]), within=OWN_MOUNTS)
    said, told = process.communicate()
    assert process.returncode == 0, told
    for line in said.splitlines():
        promise.trial(*json.loads(line))
