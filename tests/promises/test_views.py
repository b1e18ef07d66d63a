"""A view is the same rows for ever, whatever is added, removed, compacted and cleaned up after it was saved; and what
only it held goes when it is deleted.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from harness.promise import Promise

from echodex.api import Store

RATE_HZ = 8000


def told(store: Store, view: str) -> dict[str, str]:
    """Return a hash of everything that is read of a view: its rows, their columns, sums, vectors and crops."""
    from echodex.training.loader import view_loader

    info = store.view(view)
    versions = {base.table: base.version for base in info.bases}
    kept = store.clips(["clip_id"], view=view).column(0).to_pylist()
    vectors = store.vectors(view=view)
    batches = view_loader(store, view, batch_size=8, seconds=0.1, sample_rate_hz=RATE_HZ, labels=None)
    crops = [(list(batch.clip_ids), batch.inputs.numpy().tobytes()) for batch in batches]
    tables = {
        name: sorted(map(repr, store.tables.scan(name, ["clip_id", "row_sum"], version=version).to_pylist()))
        for name, version in versions.items()
    }
    parts: dict[str, Any] = {
        "registry": (info.clips, info.kept, info.content_hash, info.bases, info.created_at),
        "rows": store.view_rows(info).to_pylist(),
        "ids": kept,
        "clips": store.clips(["clip_id", "duration_s", "labels", "codec"], view=view).to_pylist(),
        "vectors": (vectors.clip_ids, vectors.matrix.tobytes()),
        "crops": crops,
        "tables": tables,
    }
    return {name: hashlib.sha256(repr(part).encode()).hexdigest() for name, part in parts.items()}


def add_some(store: Store, folder: Path, number: int, count: int = 6) -> list[str]:
    """Add and embed a few new clips; return the ids of all clips that were not there before."""
    before = set(store.clips(["clip_id"]).column(0).to_pylist())
    random = np.random.default_rng(1000 + number)
    folder.mkdir(parents=True, exist_ok=True)
    for clip in range(count):
        soundfile.write(folder / f"{number:02}-{clip}.wav", 0.1 * random.standard_normal(RATE_HZ // 4), RATE_HZ)
    store.add(folder)
    store.embed("dummy")
    return sorted(set(store.clips(["clip_id"]).column(0).to_pylist()) - before)


@pytest.mark.promise("P9")
def test_the_same_rows_through_all_that_happens_to_the_tables(promise: Promise, kinds: Store, tmp_path: Path) -> None:
    kinds.materialise(sample_rate_hz=RATE_HZ)
    kinds.prune("random", duplicate_score=0, keep=0.5).save("lean")
    saved = told(kinds, "lean")
    mine = kinds.clips(["clip_id"], view="lean").column(0).to_pylist()
    for number in range(promise.size(fast=3, full=10)):
        new = add_some(kinds, tmp_path / "more", number)
        kinds.remove([mine[2 * number], new[0]])
        kinds.compact(keep_days=0)
        now = told(Store.open(kinds.path), "lean")
        for part in saved.keys() - {"crops"}:
            promise.trial(now[part] == saved[part], f"{part} after change {number}")
    with_audio = {clip for clip in mine if clip not in {mine[2 * number] for number in range(10)}}
    assert with_audio <= set(kinds.clips(["clip_id"]).column(0).to_pylist())


@pytest.mark.promise("P9")
def test_crops_of_a_view_stay_too_as_long_as_files_do(promise: Promise, kinds: Store, tmp_path: Path) -> None:
    kinds.prune("random", duplicate_score=0, keep=0.5).save("lean")
    saved = told(kinds, "lean")
    mine = kinds.clips(["clip_id"], view="lean").column(0).to_pylist()
    add_some(kinds, tmp_path / "more", 0)
    kinds.remove(mine[:3])
    kinds.compact(keep_days=0)
    now = told(kinds, "lean")
    for part in saved:
        promise.trial(now[part] == saved[part], f"{part}, of files")


def size_bytes(store: Store, tables: str = "*") -> int:
    return sum(path.stat().st_size for path in store.path.glob(f"{tables}.lance/**/*") if path.is_file())


@pytest.mark.promise("P9")
def test_what_it_held_goes_with_it(promise: Promise, kinds: Store, tmp_path: Path) -> None:
    """The same things happen to two stores. Both have had a view, whose number is never given again; one of them has it
    through all of that, the other not.
    """
    kinds.prune("random", duplicate_score=0, keep=0.5).save("lean")
    shutil.copytree(kinds.path, tmp_path / "other")
    other = Store.open(tmp_path / "other")
    other.delete_view("lean")
    doomed = kinds.clips(["clip_id"]).column(0).to_pylist()[::2]
    for store in (kinds, other):
        for number in range(promise.size(fast=2, full=10)):
            add_some(store, tmp_path / f"more-{number}", number)
        store.remove(doomed)
        store.compact(keep_days=0)
    held, without = size_bytes(kinds, "clips"), size_bytes(other)
    kinds.delete_view("lean")
    kinds.compact(keep_days=0)
    freed = size_bytes(kinds)
    promise.figure("size_left_over_share", freed / without - 1)
    promise.trial(held > size_bytes(kinds, "clips"), f"the view held {held} bytes of clips, and they are freed")
    promise.trial(abs(freed / without - 1) <= 0.05, f"{freed} bytes after the view was deleted, {without} without one")
