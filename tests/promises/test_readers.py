"""Readers see whole commits, while others add, remove and compact: never half a batch, never a row that is gone.

Clips come in batches, a commit each, and go as they came, the oldest first. So at any moment the batches that are there
are whole and follow upon each other, and neither the first nor the last of them ever goes back. The vector of a clip
follows from its id.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.promise import Promise

from echodex.api import Store
from echodex.errors import Stale

COMMON = """
import json, select, sys
import numpy as np
from echodex.api import Store

BATCH, DIM, SPACE = 25, 16, "made"

def ids_of(batch):
    return [f"{batch:06}-{row:02}" for row in range(BATCH)]

def vectors_of(ids):
    seeds = [int(one[:6]) * 100 + int(one[7:]) for one in ids]
    return np.stack([np.random.default_rng(seed).standard_normal(DIM) for seed in seeds]).astype(np.float32)
"""

WRITER = (
    COMMON
    + """
from echodex.audio.clip import Decoded
from echodex.schemas.clip import Source
from echodex.schemas.vector import Segments
from echodex.store.ingest import CLIPS_TABLE
from echodex.store.lock import writer_lock
from echodex.store.rows import FileFacts, clip_row, clip_table
from echodex.store.spaces import imported_space
from echodex.store.vectors import Writer

store = Store.open(sys.argv[1])
first, last, compacts = map(int, sys.argv[2:5])
writer = Writer(store.tables, imported_space(store.tables, SPACE, DIM, "made up"))
wave = Decoded("ok", "", "", expected_s=1.0, decoded_s=1.0, sample_rate_hz=8000, channels=1, codec="PCM_16")

def add(batch):
    ids = ids_of(batch)
    rows = [clip_row(one, Source(f"/nowhere/{one}.wav"), FileFacts(one, 1, 1), wave, {}) for one in ids]
    starts = np.zeros(1, np.float32)
    writer.write(ids, [Segments(starts, row[None]) for row in vectors_of(ids)])
    with writer_lock(store.path):  # after their vectors, so that whoever finds the clips finds those too
        store.tables.append(CLIPS_TABLE, clip_table(rows))

gone = 0
for batch in range(first, last):
    add(batch)
    if first and batch - gone > 8:
        store.remove(ids_of(gone))
        gone += 1
    if compacts and batch % 6 == 0:
        store.compact()
    print(batch, flush=True)
    if first and select.select([sys.stdin], [], [], 0)[0]:
        break
"""
)

READER = (
    COMMON
    + """
library, loads = sys.argv[1], int(sys.argv[2])
fixed = json.loads(sys.stdin.readline())
low = high = seen = 0

def whole(ids, what):
    "Return what is wrong with the clips that were found together, and take note of which batches they are."
    global low, high, seen
    seen += 1
    batches = sorted({int(one[:6]) for one in ids})
    if len(set(ids)) != len(ids):
        return f"{what}: a clip twice"
    if sorted(ids) != [one for batch in batches for one in ids_of(batch)]:
        return f"{what}: {len(ids)} clips are part of a batch"
    if batches != list(range(batches[0], batches[-1] + 1)) or batches[0] < low or batches[-1] < high:
        return f"{what}: batches {batches} after {low} to {high}"
    low, high = batches[0], batches[-1]
    return ""

def rows(store):
    yield whole(store.clips(["clip_id"]).column(0).to_pylist(), "clips")
    found = store.vectors(SPACE, normalise=False)
    yield whole(found.clip_ids, "vectors")
    yield "" if np.array_equal(found.matrix, vectors_of(found.clip_ids)) else "vectors: not those of their clips"
    count = store.tables.count("clips")
    yield "" if count % BATCH == 0 else f"count: {count}"

def search(store):
    asked = fixed[0]
    hits = store.similar(vectors_of([asked])[0], k=40, space=SPACE)
    ids = [hit.clip_id for hit in hits]
    unit = vectors_of([asked, *ids])
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    scores = unit[1:] @ unit[0]
    yield "" if len(set(ids)) == 40 else f"search: {len(set(ids))} clips of 40"
    yield "" if np.allclose([hit.score for hit in hits], scores, atol=1e-5) else "search: scores of something else"
    yield "" if min(int(one[:6]) for one in ids) >= low else "search: a clip that was gone before"

def view(store):
    yield "" if store.clips(["clip_id"], view="fixed").column(0).to_pylist() == fixed else "view: other clips"
    found = store.vectors(SPACE, view="fixed", normalise=False)
    yield "" if found.clip_ids == fixed else "view: vectors of other clips"
    yield "" if np.array_equal(found.matrix, vectors_of(fixed)) else "view: other vectors"

def load(store):
    from echodex.training.loader import view_loader
    loader = view_loader(store, "fixed", batch_size=32, space=SPACE)
    yield "" if sorted(one for batch in loader for one in batch.clip_ids) == fixed else "loader: other clips"

store = Store.open(library, create=False)
looks = [rows, search, view] + [load] * loads
for look in looks:
    list(look(store))
print("READY", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    for opened in (store, Store.open(library, create=False)):
        for look in looks:
            for wrong in look(opened):
                if wrong:
                    print(json.dumps({"wrong": wrong}), flush=True)
print(json.dumps({"seen": seen, "low": low, "high": high}), flush=True)
"""
)


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Ten batches of clips, an index of all of them, and a view "fixed" of half."""
    folder = tmp_path / "library"
    Store.open(folder)
    said, told = start(WRITER, folder, 0, 10, 0).communicate(timeout=120)
    assert said.split() == [str(batch) for batch in range(10)], told
    store = Store.open(folder)
    store.prune("random", duplicate_score=0, keep=0.5).save("fixed")
    store.build_index("flat", space="made")
    return folder


@pytest.mark.promise("P4")
def test_readers_never_see_half_a_commit(promise: Promise, library: Path) -> None:
    fixed = Store.open(library).clips(["clip_id"], view="fixed").column(0).to_pylist()
    readers = [start(READER, library, int(promise.full)) for _ in range(promise.size(1, 2))]
    for reader in readers:
        say(reader, json.dumps(fixed))
    assert [line_of(reader) for reader in readers] == ["READY\n"] * len(readers)
    writer = start(WRITER, library, 10, 1_000_000, 1)
    assert line_of(writer) == "10\n"
    time.sleep(promise.size(3, 120))
    for process in (writer, *readers):
        say(process, "enough")
    batches = writer.communicate(timeout=120)[0].split()
    assert writer.returncode == 0, "the writer has to end well, or nothing was tried"
    promise.figure("commits_while_reading", len(batches))
    for reader in readers:
        said, told = reader.communicate(timeout=120)
        promise.trial(reader.returncode == 0, f"a reader ended with {reader.returncode}: {told[-300:]}")
        for answer in map(json.loads, said.splitlines()):
            if "wrong" in answer:
                promise.trial(False, answer["wrong"])
            else:
                promise.trials += answer["seen"]
                assert answer["low"] > 0, "batches went while it read"
                assert answer["high"] > 10, "batches came while it read"


def test_a_version_that_was_cleaned_up_is_said_to_be_gone(library: Path) -> None:
    reader, store = Store.open(library), Store.open(library)
    version = reader.tables.version("clips")
    batches = reader.tables.batches("clips", ["clip_id"], version=version)
    store.remove(store.clips(["clip_id"]).column(0).to_pylist()[:30])
    store.delete_view("fixed")
    store.compact(keep_days=0)
    with pytest.raises(Stale, match="no longer there"):
        rows_of_all(batches)


def rows_of_all(batches: Iterator[object]) -> int:
    return sum(1 for _ in batches)
