"""What has changed between two versions of a table. The oracle of a change is a dict."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import lance
import numpy as np
import pytest
from harness.things import KEYS, compact, made, rows, write

from echodex.store.changes import changed_clips
from echodex.store.tables import Tables
from echodex.store.where import is_in


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return made(tmp_path)


def clean(tables: Tables) -> None:
    lance.dataset(str(tables.folder / "things.lance")).cleanup_old_versions(
        timedelta(0), error_if_tagged_old_versions=False
    )


def test_inserted_updated_and_deleted_clips_have_changed(tables: Tables) -> None:
    first = tables.append("things", rows(list("abcdef"), segments=3))
    assert changed_clips(tables, "things", first) == set()
    second = tables.append("things", rows(["new"], segments=2))
    tables.delete("things", is_in("clip_id", ["a", "b"]))
    tables.upsert("things", KEYS, rows(["c", "upserted"], value=5))
    assert changed_clips(tables, "things", first) == {"new", "a", "b", "c", "upserted"}
    assert changed_clips(tables, "things", second) == {"a", "b", "c", "upserted"}


def test_a_segment_that_is_deleted_changes_its_clip(tables: Tables) -> None:
    version = tables.append("things", rows(list("abc"), segments=3))
    tables.delete("things", "clip_id = 'b' AND segment = 2")
    assert changed_clips(tables, "things", version) == {"b"}


def test_compacting_changes_nothing(tables: Tables) -> None:
    for clip in "abcdef":
        version = tables.append("things", rows([clip]))
    tables.delete("things", "clip_id = 'a'")
    after = tables.version("things")
    compact(tables)
    assert tables.version("things") > after
    assert changed_clips(tables, "things", after) == set()
    assert changed_clips(tables, "things", version) == {"a"}


def test_what_came_and_went_between_has_not_changed(tables: Tables) -> None:
    version = tables.append("things", rows(["a"]))
    tables.append("things", rows(["brief"]))
    tables.delete("things", "clip_id = 'brief'")
    assert changed_clips(tables, "things", version) == set()


def test_what_was_deleted_and_added_again_has_changed(tables: Tables) -> None:
    version = tables.append("things", rows(["a", "b"]))
    tables.delete("things", "clip_id = 'b'")
    tables.append("things", rows(["b"], value=2))
    assert changed_clips(tables, "things", version) == {"b"}


def test_a_version_that_was_cleaned_up_cannot_be_compared_with(tables: Tables) -> None:
    gone = tables.append("things", rows(["a"]))
    assert tables.has_version("things", gone)
    held = tables.append("things", rows(["b", "c"]))
    tables.tag("things", "index", held)
    tables.append("things", rows(["d"]))
    tables.delete("things", "clip_id = 'b'")
    clean(tables)
    assert not tables.has_version("things", gone)
    assert changed_clips(tables, "things", gone) is None
    assert tables.has_version("things", held)
    assert changed_clips(tables, "things", held) == {"b", "d"}
    assert changed_clips(tables, "things", tables.version("things") + 1) is None


@pytest.mark.parametrize("seed", range(3))
def test_changes_are_those_of_a_dict(tables: Tables, seed: int) -> None:
    random = np.random.default_rng(seed)
    now: dict[str, int] = {}
    history = {tables.version("things"): dict(now)}
    for step in range(40):
        picked = [f"{number:03}" for number in random.choice(60, random.integers(1, 12), replace=False)]
        kind = random.choice(["append", "upsert", "delete", "compact"])
        write(tables, now, kind, picked, step)
        history[tables.version("things")] = dict(now)
        since = int(random.choice(list(history)))
        then = history[since]
        expected = {clip for clip in then.keys() | now.keys() if then.get(clip) != now.get(clip)}
        assert changed_clips(tables, "things", since) == expected
