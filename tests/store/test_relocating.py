"""Files that moved: only the same file is taken for it. The oracle is a plain dict of places."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.store import relocating
from echodex.store.rowsum import row_sums

MakeWav = Callable[..., Path]


@pytest.fixture
def moved(store: Store, make_wav: MakeWav, tmp_path: Path) -> tuple[Store, Path, Path]:
    """A store with four clips from a folder, which lies elsewhere now."""
    old, new = tmp_path / "audio", tmp_path / "elsewhere"
    for number in range(4):
        make_wav(f"sub/{number}.wav", seed=number)
    store.add(old)
    old.rename(new)
    return store, old, new


def places(store: Store) -> dict[str, list[str]]:
    rows = store.tables.scan("clips", ["clip_id", "uris"]).to_pylist()
    return {row["clip_id"]: row["uris"] for row in rows}


def assert_sound(store: Store) -> None:
    """What was rewritten has its sum, and times that run beside the places."""
    rows = store.tables.scan("clips", store.tables.schema("clips").names)
    assert row_sums(rows).equals(rows.column("row_sum").combine_chunks())
    assert all(len(row["uris"]) == len(row["mtimes_ns"]) for row in rows.to_pylist())


def test_files_that_moved_are_found_again(moved: tuple[Store, Path, Path]) -> None:
    store, old, new = moved
    before = places(store)
    assert store.embed("dummy").problems
    report = store.relocate(old, new)
    assert (report.moved, report.clips, report.problems) == (4, 4, [])
    assert places(store) == {clip: [uri.replace(str(old), str(new))] for clip, [uri] in before.items()}
    assert_sound(store)
    assert store.embed("dummy").embedded == 4
    assert store.add(new).known == 4
    with pytest.raises(NotFound, match="was added from"):
        store.relocate(old, new)


def test_a_dry_run_only_looks(moved: tuple[Store, Path, Path]) -> None:
    store, old, new = moved
    before, version = places(store), store.tables.version("clips")
    report = store.relocate(old, new, dry_run=True)
    assert (report.moved, report.clips) == (4, 4)
    assert (places(store), store.tables.version("clips")) == (before, version)


def test_what_is_missing_or_another_file_stays_where_it_was(moved: tuple[Store, Path, Path]) -> None:
    store, old, new = moved
    (new / "sub/0.wav").unlink()
    data = bytearray((new / "sub/1.wav").read_bytes())
    data[-1] ^= 1
    (new / "sub/1.wav").write_bytes(data)
    report = store.relocate(old, new)
    assert (report.moved, report.clips) == (2, 2)
    assert {(Path(p.path).name, p.reason) for p in report.problems} == {("0.wav", "missing"), ("1.wav", "changed")}
    left = sorted(uri for [uri] in places(store).values())
    assert left == [str(old / "sub/0.wav"), str(old / "sub/1.wav"), str(new / "sub/2.wav"), str(new / "sub/3.wav")]


def test_a_copy_of_another_time_is_known_by_its_bytes(moved: tuple[Store, Path, Path]) -> None:
    store, old, new = moved
    for path in new.rglob("*.wav"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert store.relocate(old, new).moved == 4
    assert store.embed("dummy").embedded == 4  # of the time that they have there


def test_verify_sees_what_lies_behind_the_same_time(moved: tuple[Store, Path, Path]) -> None:
    store, old, new = moved
    path = new / "sub/2.wav"
    state, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert [problem.reason for problem in store.relocate(old, new, verify=True, dry_run=True).problems] == ["changed"]
    assert store.relocate(old, new).problems == []


def test_folders_are_compared_by_whole_names(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    make_wav("a/x.wav", seed=1)
    make_wav("ab/x.wav", seed=2)
    store.add(tmp_path / "audio")
    shutil.copytree(tmp_path / "audio/a", tmp_path / "audio/c")
    store.relocate(tmp_path / "audio/a", tmp_path / "audio/c")
    assert sorted(uri for [uri] in places(store).values()) == [
        str(tmp_path / "audio/ab/x.wav"),
        str(tmp_path / "audio/c/x.wav"),
    ]


def test_one_file_moves_and_two_places_become_one(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    first = make_wav("a.wav")
    copy = Path(shutil.copy2(first, tmp_path / "audio/b.wav"))
    store.add(tmp_path / "audio")
    first.unlink()
    assert store.relocate(first, copy).moved == 1
    assert list(places(store).values()) == [[str(copy)]]
    assert_sound(store)


def test_another_sound_that_was_added_from_the_same_path_is_not_taken_for_it(
    store: Store, make_wav: MakeWav, tmp_path: Path
) -> None:
    path = make_wav("a.wav", seed=1)
    store.add(path)
    make_wav("a.wav", seed=2, seconds=0.6)
    store.add(path)
    (tmp_path / "new").mkdir()
    path.rename(tmp_path / "new/a.wav")
    report = store.relocate(tmp_path / "audio", tmp_path / "new")
    assert (report.moved, report.clips) == (1, 1)
    assert [problem.reason for problem in report.problems] == ["changed"]
    assert sorted(uri for [uri] in places(store).values()) == [str(path), str(tmp_path / "new/a.wav")]


def test_excerpts_of_a_file_move_with_it(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    path = make_wav("long.wav", seconds=2.0)
    labels = tmp_path / "labels.csv"
    labels.write_text(f"path,offset_s,duration_s\n{path},0,0.5\n{path},1,0.5\n")
    store.add(labels=labels)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    path.rename(tmp_path / "moved.wav")
    report = store.relocate(path, tmp_path / "moved.wav")
    assert (report.moved, report.clips) == (1, 2)
    assert set(map(tuple, places(store).values())) == {(str(tmp_path / "moved.wav"),)}


def test_many_are_rewritten_commit_by_commit(moved: tuple[Store, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    store, old, new = moved
    monkeypatch.setattr(relocating, "COMMIT_CLIPS", 3)
    assert store.relocate(old, new).clips == 4
    assert all(uri.startswith(str(new)) for [uri] in places(store).values())


@pytest.mark.parametrize("new", ["same", "bad\udcff", "nul\0"])
def test_where_they_cannot_be_is_refused(moved: tuple[Store, Path, Path], new: str) -> None:
    store, old, _ = moved
    with pytest.raises(UsageError):
        store.relocate(old, old if new == "same" else new)
