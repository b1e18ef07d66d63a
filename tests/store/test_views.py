from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from echodex.api import Store
from echodex.errors import Damaged, NotFound, UsageError
from echodex.schemas.view import VIEW_ROWS, ViewInfo
from echodex.store import views

MakeWav = Callable[..., Path]


@pytest.fixture
def filled(store: Store, make_wav: MakeWav, tmp_path: Path) -> Store:
    for seed in range(6):
        make_wav(f"{seed}.wav", seed=seed, seconds=0.5 + 0.1 * seed)
    store.add(tmp_path / "audio")
    store.embed("dummy")
    return store


def plan_rows(store: Store, keep: int) -> pa.Table:
    clip_ids = store.clips(["clip_id"]).column(0).to_pylist()
    bare = pa.schema([field for field in VIEW_ROWS if field.name != "row_id"])
    rows = [
        {
            "clip_id": clip_id,
            "kept": rank < keep,
            "rank": rank,
            "split": "",
            "cluster": 0,
            "representative": clip_ids[0],
            "similarity": 1.0,
            "gain": 0.0,
            "reason": "selected" if rank < keep else "redundant",
        }
        for rank, clip_id in enumerate(clip_ids)
    ]
    return pa.Table.from_pylist(rows[::-1], schema=bare)


def save(store: Store, keep: int = 4, name: str = "lean") -> ViewInfo:
    return store.save_view(name, plan_rows(store, keep), {"selector": "test"}, store.space("dummy"))


def test_a_saved_view_reads_back_sorted_with_its_counts(filled: Store) -> None:
    info = save(filled)
    rows = filled.view_rows(info)
    assert (info.version, info.clips, info.kept) == (1, 6, 4)
    assert rows.schema.names == VIEW_ROWS.names
    assert rows.column("clip_id").to_pylist() == sorted(rows.column("clip_id").to_pylist())
    assert rows.column("row_id").null_count == 0
    assert info.hours == pytest.approx(sum(0.5 + 0.1 * seed for seed in range(6)) / 3600)
    assert filled.clips(["clip_id"], view="lean").num_rows == 4
    assert len(filled.vectors("dummy", view="lean")) == 4


def test_versions_count_up_and_old_ones_stay(filled: Store) -> None:
    save(filled, keep=4)
    save(filled, keep=2)
    assert filled.view("lean").version == 2
    assert filled.clips(["clip_id"], view="lean@1").num_rows == 4
    assert filled.clips(["clip_id"], view="lean@2").num_rows == 2
    with pytest.raises(NotFound, match="no version 3"):
        filled.view("lean@3")


def test_a_view_is_for_ever_the_same_clips_and_vectors(filled: Store, make_wav: MakeWav) -> None:
    before = (save(filled), filled.vectors("dummy", view="lean"))
    for seed in range(10, 20):
        filled.add(make_wav(f"{seed}.wav", seed=seed))
        filled.embed("dummy")
    for table in ("clips", f"vectors_{filled.space('dummy').name}"):
        import datetime

        import lance

        dataset = lance.dataset(str(filled.path / f"{table}.lance"))
        dataset.optimize.compact_files()
        dataset.cleanup_old_versions(datetime.timedelta(0), error_if_tagged_old_versions=False)
    after = filled.vectors("dummy", view="lean")
    assert after.clip_ids == before[1].clip_ids
    assert after.matrix.tobytes() == before[1].matrix.tobytes()
    assert views.content_hash(filled.view_rows(filled.view("lean"))) == before[0].content_hash


def test_a_view_is_saved_against_the_tables_that_it_was_worked_out_from(filled: Store, make_wav: MakeWav) -> None:
    rows, versions = plan_rows(filled, 4), filled.versions(filled.space("dummy"))
    kept = [
        clip_id for clip_id, keeps in zip(rows["clip_id"].to_pylist(), rows["kept"].to_pylist(), strict=True) if keeps
    ]
    filled.remove(kept[:2])
    filled.add(make_wav("late.wav", seed=99))
    info = filled.save_view("lean", rows, {}, filled.space("dummy"), versions)
    assert {base.table: base.version for base in info.bases} == versions
    assert filled.versions(filled.space("dummy"), view="lean") == versions
    assert filled.view_rows(info).column("row_id").null_count == 0
    assert filled.clips(["clip_id"], view="lean").column(0).to_pylist() == sorted(kept)
    assert filled.vectors("dummy", view="lean").clip_ids == sorted(kept)


def test_what_the_tables_do_not_hold_is_not_saved(filled: Store) -> None:
    rows = plan_rows(filled, 4)
    gone = rows["clip_id"][0].as_py()
    filled.remove([gone])
    with pytest.raises(UsageError, match=f"clip '{gone}' of the view is not in version"):
        filled.save_view("lean", rows, {}, filled.space("dummy"))
    with pytest.raises(UsageError, match="version 999 of clips, which the plan was made from, is gone"):
        filled.save_view("lean", plan_rows(filled, 4), {}, None, {"clips": 999})
    assert filled.views() == []
    assert not list((filled.path / "clips.lance").rglob("*view-lean*"))
    assert filled.save_view("lean", plan_rows(filled, 4), {}, None).version == 1


def test_clips_can_be_read_as_they_were(filled: Store) -> None:
    before, version = filled.clips(["clip_id"]), filled.versions(filled.space("dummy"))["clips"]
    filled.remove(before.column(0).to_pylist()[:1])
    assert len(filled.clips(["clip_id"])) == 5
    assert filled.clips(["clip_id"], version=version).equals(before)
    assert len(filled.clips(["clip_id"], version=version, where="duration_s > 0.75")) == 3


def test_no_version_number_is_given_twice(filled: Store) -> None:
    assert [save(filled).version for _ in range(2)] == [1, 2]
    filled.undo("lean")
    assert save(filled, keep=2).version == 3
    filled.delete_view("lean@1")
    filled.delete_view("lean")
    assert filled.views() == []
    again = Store.open(filled.path)
    assert save(again).version == 4
    assert save(again, name="other").version == 1
    with pytest.raises(NotFound, match="no version 2"):
        again.view("lean@2")


def test_deleting_a_view_removes_its_rows_and_tags(filled: Store) -> None:
    save(filled)
    save(filled)
    assert [info.version for info in filled.delete_view("lean@1")] == [1]
    assert [info.version for info in filled.delete_view("lean")] == [2]
    assert filled.views() == []
    assert not any(name.startswith("view__") for name in filled.tables.names())
    assert not list((filled.path / "clips.lance").rglob("*view-lean*"))
    with pytest.raises(NotFound):
        filled.view("lean")


def test_undo_takes_back_the_last_save(filled: Store) -> None:
    first, last = save(filled, keep=4), save(filled, keep=2)
    with pytest.raises(UsageError, match="lean@1 is not the last save of its view, lean@2 is"):
        filled.undo("lean@1")
    before = filled.undo(f"lean@{last.version}")
    assert before is not None
    assert (before.address, filled.view("lean")) == ("lean@1", before)
    assert before.content_hash == first.content_hash
    assert filled.clips(["clip_id"], view="lean").num_rows == 4
    assert "view__lean__v2" not in filled.tables.names()
    assert before.undo() is None
    for gone in ("lean", "lean@1"):
        with pytest.raises(NotFound, match="does not exist"):
            filled.undo(gone)


def test_a_version_that_a_run_stands_on_stays(filled: Store) -> None:
    save(filled)
    save(filled)
    (filled.folder("runs", "probe") / "run.json").write_text('{"view": "lean@1"}')
    (filled.folder("runs", "torn") / "run.json").write_text("{")
    with pytest.raises(UsageError, match=r"run 'probe' stands on view lean@1.*remove .*probe first"):
        filled.delete_view("lean")
    assert [info.version for info in filled.views()] == [1, 2]
    before = filled.undo("lean")
    assert before is not None
    with pytest.raises(UsageError, match="run 'probe' stands on view lean@1"):
        before.undo()
    with pytest.raises(UsageError, match="run 'probe' stands on view lean@1"):
        filled.delete_view("lean@1")


def test_the_hash_is_that_of_the_rows_as_tuples(filled: Store) -> None:
    rows = plan_rows(filled, 3).sort_by("clip_id")
    rank = pa.array([None if rank == 2 else rank for rank in rows.column("rank").to_pylist()], pa.int64())
    rows = rows.set_column(rows.schema.get_field_index("rank"), "rank", rank)
    columns = [rows.column(name).to_pylist() for name in ("clip_id", "kept", "rank", "cluster", "reason")]
    text = "".join(repr(row) for row in zip(*columns, strict=True))
    assert views.content_hash(rows) == hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def test_what_an_interrupted_save_left_behind_does_not_matter(filled: Store) -> None:
    filled.tables.create("view__lean__v1", VIEW_ROWS)
    filled.tables.tag("clips", "view-lean.v1", 1)
    assert filled.views() == []
    assert filled.view_rows(save(filled)).num_rows == 6


@pytest.mark.parametrize("column", VIEW_ROWS.names)
def test_an_altered_view_is_damaged_whatever_was_altered(filled: Store, column: str) -> None:
    info = save(filled)
    rows = filled.view_rows(info)
    field, values = rows.schema.field(column), rows.column(column).to_pylist()
    values[2] = not values[2] if column == "kept" else pa.scalar("9").cast(field.type).as_py()
    filled.tables.overwrite(
        "view__lean__v1", rows.set_column(rows.column_names.index(column), field, pa.array(values, field.type))
    )
    with pytest.raises(Damaged, match="not what was saved"):
        filled.view_rows(info)


def test_an_altered_view_is_damaged(filled: Store) -> None:
    info = save(filled)
    filled.tables.delete("view__lean__v1", "rank = 0")
    with pytest.raises(Damaged, match="not what was saved"):
        filled.view_rows(info)
    filled.tables.drop("view__lean__v1")
    with pytest.raises(Damaged, match="lost its table"):
        filled.view_rows(info)


def test_names_that_cannot_be_views_are_refused(filled: Store) -> None:
    with pytest.raises(UsageError):
        save(filled, name="../x")
    save(filled)
    with pytest.raises(NotFound, match="Did you mean 'lean'"):
        filled.view("laen")
