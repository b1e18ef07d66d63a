"""Runs: their files are there and what was written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..schemas.finding import Damage, Finding
from ..schemas.run import RUN_FILE, RUNS
from ..store.checking.opened import Failed, tried
from .checkpoint import read_checkpoint
from .layout import ENCODER_FILE, HEAD_FILE, SPLITS_FILE, STATE_FILE
from .run import run_sums, sha256
from .splits import Splits

if TYPE_CHECKING:
    from ..store.store import Store

SET_ASIDE = "moved to quarantine/; train it again"


def run_findings(store: Store, *, data: bool) -> Iterator[Finding]:
    """Yield what is wrong with the runs of a store; data: whether the checkpoints are read as well.

    `where` is the folder of a run, or the state of one that is not finished, which can begin anew without it.
    """
    for folder in sorted(path for path in store.beside(RUNS).glob("*") if path.is_dir()):
        name = folder.name
        if all(path.name.startswith(".") for path in folder.iterdir()):
            continue  # begun, and nothing written yet: its lock, and what is not a file yet
        why = tried(partial(_damage, store, folder, data))
        said = why.why if isinstance(why, Failed) else why
        if said:
            yield Finding(Damage.RUN, f"{RUNS}/{name}", f"run {name}: {said}", SET_ASIDE)
        state = folder / STATE_FILE
        if state.is_file() and data and isinstance(torn := tried(partial(read_checkpoint, state)), Failed):
            where = f"{RUNS}/{name}/{STATE_FILE}"
            remedy = "moved to quarantine/; training it again begins from the start"
            yield Finding(Damage.RUN, where, f"run {name}: {torn.why}", remedy)


def _damage(store: Store, folder: Path, data: bool) -> str:
    """Return what is wrong with the files of a run, "" where nothing is. Raises Damaged and what reading raises."""
    if not (folder / RUN_FILE).is_file():
        return f"{RUN_FILE} is missing"
    sums = run_sums(store, folder.name)
    for name, expected in sums.items():
        if not (folder / name).is_file():
            return f"{name} is missing"
        if data and sha256(folder / name) != expected:
            return f"{name} is not what was written"
    if data and not sums:
        if (folder / SPLITS_FILE).is_file():
            Splits.load(folder / SPLITS_FILE)
        for name in (ENCODER_FILE, HEAD_FILE):
            if (folder / name).is_file():
                read_checkpoint(folder / name)
    return ""
