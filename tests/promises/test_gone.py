"""A removed clip does not come back: not by anything that is built, rebuilt, compacted or trained after it, nor where
the removal, or the compacting after it, was killed in the middle.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.faults import Shim
from harness.promise import Promise

from echodex.api import Store, train

REMOVED = 9


def ids(store: Store, view: str | None = None) -> list[str]:
    found: list[str] = store.clips(["clip_id"], view=view).column(0).to_pylist()
    return found


def loaded(store: Store, view: str, seconds: float | None) -> set[str]:
    from echodex.training.loader import view_loader

    batches = view_loader(store, view, batch_size=16, seconds=seconds, sample_rate_hz=8000, labels=None)
    return {clip for batch in batches for clip in batch.clip_ids}


def answers(store: Store, views: list[str]) -> Iterator[tuple[str, set[str]]]:
    """Yield what is asked, and all clips that the answer names."""
    yield "clips", set(ids(store))
    yield "vectors", set(store.vectors().clip_ids)
    asked = ids(store)[0]
    yield "similar", {hit.clip_id for hit in store.similar(asked, k=100)}
    for index in store.indexes():
        yield f"similar by {index.name}", {hit.clip_id for hit in store.similar(asked, k=100, index=index.name)}
    yield "graph", set(store.knn_graph(3).clip_ids)
    yield "map", set(store.map().clip_ids.to_pylist())
    yield "duplicates", {m.clip_id for group in store.duplicates(min_score=0.5) for m in group.members}
    for view in views:
        yield f"view {view}", set(ids(store, view))
        yield f"vectors of {view}", loaded(store, view, None)
        yield f"waveforms of {view}", loaded(store, view, 0.1)
    for table in store.tables.names():
        if table.startswith(("clips", "vectors_", "waveforms_")):
            yield f"table {table}", set(store.tables.scan(table, ["clip_id"]).column(0).to_pylist())


def on_disk(store: Store, removed: list[str]) -> list[str]:
    """Return the files of tables that have a removed clip's id in them."""
    files = [path for path in store.path.glob("*.lance/data/**/*") if path.is_file()]
    return [str(path) for path in files if any(clip.encode() in path.read_bytes() for clip in removed)]


@pytest.mark.promise("P8")
def test_at_no_stage_after_it(promise: Promise, kinds: Store) -> None:
    kinds.materialise(sample_rate_hz=8000)
    kinds.build_index("flat")
    kinds.knn_graph(3)
    kinds.map()
    kinds.cluster(min_cluster_size=5)
    removed, views = ids(kinds)[::8][:REMOVED], ["all"]
    kinds.remove(removed)

    def of_a_view() -> object:
        views.append("after")
        return kinds.prune("random", duplicate_score=0, keep=0.5).save("after")

    stages: list[tuple[str, Callable[[], object]]] = [
        ("remove", lambda: None),
        ("compact", lambda: kinds.compact(keep_days=0)),
        ("build an index", lambda: kinds.build_index("flat")),
        ("prune", of_a_view),
        ("drop the index", lambda: kinds.drop_index("flat")),
        ("cluster", lambda: kinds.cluster(min_cluster_size=5)),
        ("embed", lambda: kinds.embed("dummy", refit=False)),
        ("materialise", lambda: kinds.materialise(sample_rate_hz=8000)),
        ("train", lambda: train("probe", view="after", store=kinds, max_epochs=1)),
        ("map", lambda: kinds.map(refit=True)),
        ("compact again", lambda: kinds.compact(keep_days=0)),
    ]
    for stage, work in stages[: promise.size(fast=4, full=len(stages))]:
        work()
        for what, named in answers(kinds, views):
            back = named & set(removed)
            promise.trial(not back, f"{what} after {stage}: {sorted(back)}")
        if stage == "cluster":
            back = set(kinds.cluster_rows().column("clip_id").to_pylist()) & set(removed)
            promise.trial(not back, f"clusters: {sorted(back)}")


@pytest.mark.promise("P8")
def test_its_bytes_are_gone_once_nothing_holds_them(promise: Promise, kinds: Store) -> None:
    kinds.materialise(sample_rate_hz=8000)
    removed = ids(kinds)[::8]
    kinds.prune("random", duplicate_score=0, keep=0.5).save("before")
    kinds.remove(removed)
    kinds.compact(keep_days=0)
    assert on_disk(kinds, removed)  # the view has them
    kinds.delete_view("before")
    kinds.compact(keep_days=0)
    left = on_disk(kinds, removed)
    promise.trial(not left, f"ids of removed clips on disk: {left}")


KILLED = """
import json, sys
from pathlib import Path
from shutil import copytree, rmtree
import numpy
from echodex.api import Store
from echodex.indexing import search
from echodex.store import compacting, removing
from harness.faults import KILLED, arm, disarm, in_child
source, place, doomed, points = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4])

def fresh():
    rmtree(place, ignore_errors=True)
    copytree(source, place)

def work(at, told):
    store = Store.open(place)
    arm(place, at)
    store.remove(doomed)
    store.compact(keep_days=0)
    told.write_text(str(disarm()))

def named(store):
    left = store.clips(["clip_id"]).column(0).to_pylist()
    tables = [name for name in store.tables.names() if name.startswith(("clips", "vectors_", "waveforms_"))]
    raw = {name: store.tables.scan(name, ["clip_id"]).column(0).to_pylist() for name in tables}
    answered = [hit.clip_id for hit in store.similar(left[-1], k=100)]
    return left, answered, store.vectors().clip_ids, raw

def judge():
    store = Store.open(place)
    left, answered, vectors, _ = named(store)
    began = not set(left) & set(doomed)
    if not began and not set(left) >= set(doomed):
        return 1
    if began and set(doomed) & {*answered, *vectors}:
        return 2
    store.remove([] if began else doomed)
    store.compact(keep_days=0)
    left, answered, vectors, raw = named(store)
    if set(doomed) & {*left, *answered, *vectors, *(clip for ids in raw.values() for clip in ids)}:
        return 3
    return 4 if any(sorted(found) != sorted(left) for found in raw.values()) else 0

told = place.with_suffix(".count")
fresh()
assert in_child(lambda: work(0, told)) == 0
for at in numpy.linspace(1, int(told.read_text()), points).round().astype(int).tolist():
    fresh()
    ended = in_child(lambda: work(at, told))
    judged = in_child(judge)
    print(json.dumps([ended == KILLED and judged == 0, f"killed at operation {at}: {ended}, {judged}"]), flush=True)
"""


@pytest.mark.promise("P8")
def test_nor_where_it_was_killed_in_the_middle(promise: Promise, shim: Shim, kinds: Store, tmp_path: Path) -> None:
    kinds.materialise(sample_rate_hz=8000)
    removed = ids(kinds)[::8]
    place = tmp_path / "tried" / "library"
    place.parent.mkdir()
    points = promise.size(fast=1, full=40)
    done = shim.run(KILLED, kinds.path, place, json.dumps(removed), points)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        promise.trial(*json.loads(line))
