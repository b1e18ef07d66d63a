"""A removed clip is in no answer; what was saved before keeps it; a removal that was killed is finished by a repeat."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import NotFound
from echodex.schemas.vector import Segments
from echodex.store.known import Known
from echodex.store.removing import JOURNAL
from echodex.store.vectors import Writer
from echodex.training.loader import view_loader

pytestmark = pytest.mark.promise("P8")


def ids(store: Store, view: str | None = None) -> list[str]:
    found: list[str] = store.clips(["clip_id"], view=view).column(0).to_pylist()
    return found


def assert_gone(store: Store, removed: list[str], left: list[str]) -> None:
    assert ids(store) == left
    assert store.vectors().clip_ids == left
    assert len(store.clips(["clip_id"], clip_ids=removed)) == 0
    for clip in removed:
        with pytest.raises(NotFound, match=clip):
            store.sources([clip])
        with pytest.raises(NotFound, match=clip):
            store.segments(None, [clip])
    held = store.tables.scan(f"vectors_{store.space().name}", ["clip_id"]).column(0).to_pylist()
    assert sorted(held) == left
    answered = {hit.clip_id for hit in store.similar(left[0], k=len(left) + len(removed))}
    assert not answered & set(removed)


def test_a_removed_clip_is_in_no_answer(kinds: Store) -> None:
    before = ids(kinds)
    removed, left = before[::5], [clip for number, clip in enumerate(before) if number % 5]
    kinds.similar(before[0])  # so that there is an index to catch up
    assert kinds.remove(removed) == len(removed)
    assert_gone(kinds, removed, left)
    loaded = {clip for batch in kinds_loader(kinds, "all") for clip in batch}
    assert loaded == set(left)


def kinds_loader(store: Store, view: str) -> list[list[str]]:
    return [
        batch.clip_ids for batch in view_loader(store, view, batch_size=8, seconds=0.1, sample_rate_hz=8000, workers=0)
    ]


def test_a_view_keeps_what_it_was_saved_with(kinds: Store) -> None:
    view = kinds.prune("random", duplicate_score=0, keep=0.5).save("kept")
    before, matrix = ids(kinds, view="kept"), kinds.vectors(view="kept").matrix
    kinds.remove(before[:3])
    assert ids(kinds, view="kept") == before
    np.testing.assert_array_equal(kinds.vectors(view="kept").matrix, matrix)
    assert kinds.view("kept").rows().equals(view.rows())
    assert {clip for batch in kinds_loader(kinds, "kept") for clip in batch} == set(before)
    assert [source.clip_id for source in kinds.sources(before, view="kept")] == before


def test_an_unknown_id_removes_nothing(kinds: Store) -> None:
    before = ids(kinds)
    with pytest.raises(NotFound, match="nobody"):
        kinds.remove([before[0], "nobody"])
    with pytest.raises(NotFound, match="is not in"):
        kinds.remove(["\0"])
    assert ids(kinds) == kinds.vectors().clip_ids == before


def test_a_removed_clip_can_be_added_again(kinds: Store) -> None:
    clip = ids(kinds)[0]
    [source] = kinds.sources([clip])
    kinds.remove([clip])
    assert kinds.add(source.path).added == 1
    kinds.embed("dummy")
    assert clip in ids(kinds)
    assert clip in kinds.vectors().clip_ids


def test_writers_at_work_learn_of_a_removal(kinds: Store) -> None:
    known, writer, clip = Known(kinds.tables), Writer(kinds.tables, kinds.space()), ids(kinds)[0]
    owners, starts, matrix = kinds.segments(None, [clip])
    kinds.remove([clip])
    known.refresh()
    assert clip not in known.ids
    assert writer.write(owners[:1], [Segments(starts, matrix)]) == 1
    assert clip not in kinds.vectors().clip_ids  # a vector without a clip is no answer


KILLED = """
import os, signal, sys
from echodex.api import Store
from echodex.store.tables import Tables
store, deletes, before = Store.open(sys.argv[1]), Tables.delete, int(sys.argv[2])
done = 0
def delete(self, name, where):
    global done
    if done == before:
        os.kill(os.getpid(), signal.SIGKILL)
    deletes(self, name, where)
    done += 1
Tables.delete = delete
store.remove(sys.argv[3:])
"""


def kill(store: Store, before: int, clips: list[str]) -> None:
    script = [sys.executable, "-c", KILLED, str(store.path), str(before), *clips]
    assert subprocess.run(script, check=False, timeout=120).returncode == -signal.SIGKILL


def test_killed_between_the_tables_it_is_in_no_answer_and_a_repeat_finishes(kinds: Store) -> None:
    before = ids(kinds)
    removed, left = before[:4], before[4:]
    kill(kinds, 1, removed)
    assert kinds.tables.count(f"vectors_{kinds.space().name}") == len(before)
    assert ids(kinds) == left
    assert kinds.vectors().clip_ids == left
    kinds.remove(removed)
    assert_gone(kinds, removed, left)
    assert not (kinds.path / JOURNAL).exists()


def test_killed_before_the_waveforms_went_a_repeat_finishes(kinds: Store) -> None:
    kinds.materialise(sample_rate_hz=8000)
    before = ids(kinds)
    removed, left = before[:4], before[4:]
    kill(kinds, 2, removed)
    assert kinds.tables.count("waveforms_8000") == len(before)
    assert {clip for batch in kinds_loader(kinds, "all") for clip in batch} == set(left)
    kinds.remove(removed)
    assert_gone(kinds, removed, left)
    assert sorted(kinds.tables.scan("waveforms_8000", ["clip_id"]).column(0).to_pylist()) == left


def test_killed_before_anything_went_nothing_is_removed_by_the_next_removal(kinds: Store) -> None:
    before = ids(kinds)
    kill(kinds, 0, before[:4])
    assert ids(kinds) == before
    kinds.remove(before[4:5])
    assert_gone(kinds, before[4:5], before[:4] + before[5:])


def test_another_removal_finishes_too_but_spares_what_was_added_again(kinds: Store, tmp_path: Path) -> None:
    before = ids(kinds)
    [source] = kinds.sources(before[:1])
    kill(kinds, 1, before[:4])
    kinds.add(source.path)
    kinds.remove([])
    assert_gone(kinds, before[1:4], before[:1] + before[4:])
