"""Writers at once lose nothing and double nothing: with the lock, without it, and with one of them killed.

The oracle is the list of what each of them was given, and that a number is given once.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import wave
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from harness.promise import Promise

from echodex.api import Store
from echodex.schemas.view import VIEW_ROWS
from echodex.store.clusters import list_runs, run_rows
from echodex.store.views import content_hash

WRITERS = 4
LONG_S = 300

ADD = """
import sys
from echodex.api import Store
from echodex.store import embedding, ingest, lock
library, seed, lockless, *paths = sys.argv[1:]
ingest.COMMIT_CLIPS = embedding.COMMIT_CLIPS = 10 if int(lockless) else 40
if int(lockless):  # as on a file system that takes a lock and keeps nobody else from it
    lock.fcntl.flock = lambda descriptor, how: None
store = Store.open(library)
import lancedb, random
from pathlib import Path
files = [path for folder in paths for path in sorted(Path(folder).iterdir())]
random.Random(int(seed)).shuffle(files)
print("READY", flush=True)
sys.stdin.readline()
store.add(*files, embed="dummy", progress=lambda stage, done, total: print(stage, done, flush=True))
"""

SAVE = """
import sys
import numpy as np
import pyarrow as pa
from echodex.api import Store
from echodex.schemas.cluster import ClusterRun
from echodex.store.clusters import save_run
library, who, times, *clips = sys.argv[1:]
store, who = Store.open(library), int(who)
space = store.space()
print("READY", flush=True)
sys.stdin.readline()
for time in range(int(times)):
    note = f"{who}-{time}"
    plan = store.prune("random", duplicate_score=0, keep=0.5, seed=100 * who + time)
    view = plan.save("lean")
    run = ClusterRun(space.name, 0, {"by": note}, "exact", None, None, None, len(clips), 0, (len(clips),),
                     space.identity, store.tables.version("vectors_" + space.name), "")
    zeros = np.zeros(len(clips), np.float32)
    rows = pa.table({"clip_id": clips, "label": np.full(len(clips), 100 * who + time, np.int32),
                     "probability": zeros, "outlier_score": zeros})
    run = save_run(store.tables, run, rows)
    made = store.decide("pin", clips[4 * who + time], note=note)
    print(view.address, view.content_hash, run.run, made.decision_id, note, flush=True)
"""


def write_waves(folder: Path, count: int, first: int) -> Path:
    """Write 0.06 s of noise at 8 kHz into each of `count` files, no two alike, as fast as files can be written."""
    folder.mkdir(parents=True)
    for number in range(first, first + count):
        samples = np.random.default_rng(number).integers(-8000, 8000, 480, dtype=np.int16)
        with wave.open(str(folder / f"{number:05}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
    return folder


class Worker:
    """A process that waits for the word to begin, so that several begin together, whatever importing takes."""

    def __init__(self, script: str, *arguments: object) -> None:
        self.told = ""
        command = [sys.executable, "-c", script, *map(str, arguments)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "READY\n"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill_after(self, lines: int) -> str:
        """SIGKILL it once it has said so many lines; return what it had said."""
        assert self.process.stdout is not None
        said = [self.process.stdout.readline() for _ in range(lines)]
        self.process.send_signal(signal.SIGKILL)
        return "".join([*said, self.end()])

    def end(self) -> str:
        """Return what it says from here to its end, from the buffer that `readline` has filled as well."""
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        self.told = self.process.communicate(timeout=LONG_S)[1]
        return said


def together(workers: Sequence[Worker]) -> None:
    for worker in workers:
        worker.ready()
    for worker in workers:
        worker.go()


def how_they_ended(workers: Sequence[Worker]) -> str:
    """Return "" where all ended well, else the last line that one that did not said."""
    for worker in workers:
        worker.end()
        if worker.process.returncode != 0:
            return f"a writer ended with {worker.process.returncode}: {(worker.told.splitlines() or ['?'])[-1][:200]}"
    return ""


def held(library: Path, expected: int) -> str:
    """Return "" where the store holds so many clips, each with one vector, all once; else what is wrong."""
    store = Store.open(library, create=False)
    ids = store.tables.scan("clips", ["clip_id"]).column(0).to_pylist()
    owners = store.tables.scan(f"vectors_{store.space().name}", ["clip_id"]).column(0).to_pylist()
    counts = len(ids), len(set(ids)), len(owners), len(set(owners))
    return "" if counts == (expected,) * 4 and set(ids) == set(owners) else f"{counts} of {expected}"


def write_at_once(library: Path, folders: Sequence[Path], *, lockless: bool, kill: random.Random | None) -> str:
    """Return what went wrong, "" for nothing, where each writer adds the first folder and one of its own."""
    Store.open(library)
    before = []
    if lockless:  # nothing but a lock keeps two that make one table from making two
        before = [write_waves(library.with_suffix(".before"), 1, 10**5)]
        first = Worker(ADD, library, 0, 0, *before)
        together([first])
        assert not how_they_ended([first])
    own = enumerate(folders[1:])  # without locks all come to the same clips at the same time
    workers = [Worker(ADD, library, 0 if lockless else seed, int(lockless), folders[0], more) for seed, more in own]
    together(workers)
    if kill:
        dying = workers.pop(kill.randrange(WRITERS))
        dying.kill_after(kill.randrange(1, 12))
    wrong = how_they_ended(workers)
    if kill:
        again = Worker(ADD, library, 9, int(lockless), *folders)
        together([again])
        wrong = wrong or how_they_ended([again])
    return wrong or held(library, sum(len(list(folder.iterdir())) for folder in [*folders, *before]))


@pytest.fixture
def folders(tmp_path: Path, promise: Promise) -> list[Path]:
    """One folder of files for all writers, and one for each of them."""
    count = promise.size(60, 500)
    return [write_waves(tmp_path / f"audio{part}", count, part * count) for part in range(WRITERS + 1)]


@pytest.mark.promise("P3")
def test_writers_at_once_lose_and_double_nothing(promise: Promise, folders: list[Path], tmp_path: Path) -> None:
    for repeat in range(promise.size(1, 20)):
        kill = random.Random(repeat)
        wrong = write_at_once(tmp_path / f"library{repeat}", folders, lockless=False, kill=kill)
        promise.trial(not wrong, f"repeat {repeat}, one killed: {wrong}")


@pytest.mark.slow
@pytest.mark.promise("P3")
def test_without_locks_they_lose_and_double_nothing_either(
    promise: Promise, folders: list[Path], tmp_path: Path
) -> None:
    """Each commits what it had seen to be new, and others did in between: nobody is killed, who would leave doubles."""
    for repeat in range(promise.size(1, 5)):
        wrong = write_at_once(tmp_path / f"library{repeat}", folders, lockless=True, kill=None)
        promise.trial(not wrong, f"repeat {repeat}: {wrong}")


@pytest.mark.promise("P3")
def test_views_clusterings_and_decisions_saved_at_once_each_have_their_number(
    promise: Promise, kinds: Store, new_copy: Any
) -> None:
    times, writers = 4, promise.size(3, WRITERS)
    for repeat in range(promise.size(1, 5)):
        store = new_copy(kinds, f"copy{repeat}")
        clips = store.clips(["clip_id"]).column(0).to_pylist()
        workers = [Worker(SAVE, store.path, who, times, *clips) for who in range(writers)]
        together(workers)
        dying = random.Random(repeat).randrange(writers)
        last = workers[dying].kill_after(2)
        said = [last, *(worker.end() for who, worker in enumerate(workers) if who != dying)]
        survived = [worker.process.returncode for who, worker in enumerate(workers) if who != dying]
        promise.trial(survived == [0] * (writers - 1), f"repeat {repeat}: the writers ended with {survived}")
        lines = [line.split() for line in chain.from_iterable(map(str.splitlines, said)) if line.count(" ") == 4]
        promise.trial(len(lines) >= times * (writers - 1) + 2, f"repeat {repeat}: only {len(lines)} were saved")
        for wrong in (views_wrong(store, lines), runs_wrong(store, lines), decisions_wrong(store, lines)):
            promise.trial(not wrong, f"repeat {repeat}: {wrong}")


@pytest.fixture
def new_copy(tmp_path: Path) -> Any:
    import shutil

    def copy(store: Store, name: str) -> Store:
        return Store.open(shutil.copytree(store.path, tmp_path / name))

    return copy


def views_wrong(store: Store, lines: Sequence[Sequence[str]]) -> str:
    """Return what of the views is not as their writers said, "" for nothing; the killed one may have one more."""
    saved = {f"{info.name}@{info.version}": info for info in store.views()}
    numbers = sorted(info.version for info in saved.values())
    if numbers != list(range(1, len(saved) + 1)) or len(saved) - len(lines) not in (0, 1):
        return f"{len(lines)} saves gave versions {numbers}"
    for address, told, *_ in lines:
        rows = store.view_rows(saved[address])
        if content_hash(rows) != told or rows.schema.names != VIEW_ROWS.names:
            return f"{address} is not what was saved"
    return ""


def runs_wrong(store: Store, lines: Sequence[Sequence[str]]) -> str:
    space = store.space()
    runs = {run.run: run for run in list_runs(store.tables, space)}
    if sorted(runs) != list(range(1, len(runs) + 1)) or len(runs) - len(lines) not in (0, 1):
        return f"{len(lines)} clusterings have the numbers {sorted(runs)}"
    for _, _, number, _, note in lines:
        run = runs[int(number)]
        who, time = map(int, note.split("-"))
        labels = run_rows(store.tables, run).column("label").to_pylist()
        if run.config != {"by": note} or labels != [100 * who + time] * run.clips:
            return f"clustering {number} is not what was saved"
    return ""


def decisions_wrong(store: Store, lines: Sequence[Sequence[str]]) -> str:
    made = {one.decision_id: one.note for one in store.decisions(undone=True)}
    if set(made) != {f"d{number}" for number in range(1, len(made) + 1)} or len(made) - len(lines) not in (0, 1):
        return f"{len(lines)} decisions are called {sorted(made)}"
    return next((f"{number} is not what was decided" for *_, number, note in lines if made[number] != note), "")
