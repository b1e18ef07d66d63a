"""Trials of verbs on a disk that fails, or in a process that dies; planned in the test, made in workers.

A trial is kept where the verb ended as it should, the store could be read after it, and the same command, run again,
leaves what an undisturbed run leaves.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .faults import ANY, KILL, KILLED, Kind, Shim
from .promise import Promise

if TYPE_CHECKING:
    from .bench import Bench, Outcome

WORKER = "from harness.trials import worker; worker()"
DISK_ERROR = 74
NOT_FOUND = 66
OF_LANCE = "[20"
"""How a line begins that Lance logs, by the time: that it could not write a hint, and goes on without."""
ANSWERING = ("map",)
"""Verbs that answer, and say so, where what they made cannot be kept."""


@dataclass(frozen=True)
class Plan:
    """What to try of a verb: `error` (an errno, or KILL) at `points` of its file operations of `kinds`, spread evenly.

    points: None for every one. onwards: those after it fail as well.
    """

    verb: str
    error: int = KILL
    points: int | None = None
    onwards: bool = False
    kinds: int = int(ANY) & 0xFF


def try_all(promise: Promise, shim: Shim, folder: Path, plans: Sequence[Plan], workers: int = 1) -> None:
    """Make the trials of `plans` in as many workers, and count them."""
    started = []
    for part in range(workers):
        place = folder / f"worker{part}"
        place.mkdir()
        told = json.dumps({"plans": list(map(asdict, plans)), "part": part, "parts": workers})
        started.append(shim.start(WORKER, place, told))
    for process in started:
        said, told = process.communicate()
        assert process.returncode == 0, told
        for line in said.splitlines():
            promise.trial(*json.loads(line))


def worker() -> None:
    """Make one worker's part of the trials; print each as a line of JSON: whether it was kept, and what it was."""
    from .bench import Bench

    asked = json.loads(sys.argv[2])
    plans = [Plan(**fields) for fields in asked["plans"]]
    bench = Bench(Path(sys.argv[1]), {plan.verb for plan in plans})
    number = 0
    for plan in plans:
        whole, count = bench.whole(plan.verb, Kind(plan.kinds))
        for at in map(int, np.linspace(1, count, plan.points or count).round()):
            number += 1
            if number % asked["parts"] == asked["part"]:
                wrong = _wrong(bench, plan, at, whole)
                print(json.dumps([not wrong, f"{plan.verb}, operation {at}: {wrong or 'kept'}"]), flush=True)


def _wrong(bench: Bench, plan: Plan, at: int, whole: dict[str, Any]) -> str | None:
    """Make one trial; return what is wrong, None where nothing is."""
    store = bench.begin(plan.verb, "trial")
    ended = bench.run(store, plan.verb, at, plan.error, onwards=plan.onwards, kinds=Kind(plan.kinds))
    badly = _ended_badly(plan, ended)
    return badly or completed_wrongly(bench, plan.verb, store, ended, whole)


def completed_wrongly(bench: Bench, verb: str, store: Path, ended: Outcome, whole: dict[str, Any]) -> str | None:
    """Read what a verb left that was disturbed, run it again undisturbed; return what is wrong, None where nothing is.

    whole: what an undisturbed run leaves.
    """
    between, again, after = bench.complete(store, verb)
    if verb == "repair":
        between, after, whole = (_without_sound_indexes(found) for found in (between, after, whole))
    if "error" in between:
        return f"then it could not be read: {between['error']}"
    if between.get("damage") and verb != "repair":
        return f"then there was damage: {between['damage']}"
    if ended.code == 0 and between != whole and verb not in ANSWERING:
        return f"it ended well, and these are others: {_others(between, whole)}"
    if again.code not in (0, NOT_FOUND):  # what was removed cannot be named again
        return f"run again, it ended with {again.code}: {again.said}"
    if after != whole:
        return f"run again, these are others: {_others(after, whole)}"
    return None


def _without_sound_indexes(found: dict[str, Any]) -> dict[str, Any]:
    """Return what a store holds without the indexes that answer right: once the rows that were damaged are set aside,
    repair has no reason to take an index away that it would have taken away before.
    """
    return {
        key: {name: said for name, said in value.items() if not (name.startswith("index ") and said is True)}
        if isinstance(value, dict)
        else value
        for key, value in found.items()
    }


def _others(found: dict[str, Any], whole: dict[str, Any]) -> list[str]:
    return [key for key in whole | found if whole.get(key) != found.get(key)]


def _ended_badly(plan: Plan, ended: Outcome) -> str | None:
    if plan.error == KILL:
        return None if ended.code in (0, KILLED) else f"it ended with {ended.code}: {ended.said}"
    return None if ended.code == 0 else complained_badly(ended, full=plan.error == errno.ENOSPC)


def complained_badly(ended: Outcome, *, full: bool) -> str | None:
    """Return what is wrong with how a verb says that the disk failed (or is `full`); None where it is one sentence."""
    lines = [line for line in ended.said.strip().splitlines() if not line.startswith(OF_LANCE)]
    begins = "error: the disk is full: " if full else "error: "
    clean = ended.code == DISK_ERROR and len(lines) == 1 and lines[0].startswith(begins)
    return None if clean else f"it ended with {ended.code}: {ended.said}"
