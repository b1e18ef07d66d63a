from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.audio.clip import Decoded
from echodex.audio.limits import Limits
from echodex.schemas.clip import Reason, Source, Status
from echodex.store import ingest
from echodex.store.rows import FileFacts, clip_row, rejudged

MakeWav = Callable[..., Path]


def rows(store: Store) -> list[dict[str, Any]]:
    names = ["clip_id", "uris", "labels", "split", "status", "reason", "decoded_s", "extra", "offset_s", "excerpt"]
    found: list[dict[str, Any]] = store.tables.scan("clips", names).to_pylist()
    return found


def test_a_file_becomes_a_row(store: Store, make_wav: MakeWav) -> None:
    path = make_wav(seconds=0.5)
    report = store.add(path)
    assert (report.added, report.known, report.statuses["ok"], report.problems) == (1, 0, 1, [])
    [row] = rows(store)
    assert row["uris"] == [str(path)]
    assert row["decoded_s"] == 0.5
    assert row["status"] == "ok"


def test_adding_again_reads_nothing_and_changes_nothing(store: Store, make_wav: MakeWav) -> None:
    path = make_wav()
    store.add(path)
    before = store.tables.version("clips")
    path.chmod(0)  # unreadable: it must not be opened (root ignores modes, hence the version check too)
    report = store.add(path)
    path.chmod(0o600)
    assert (report.added, report.known) == (0, 1)
    assert store.tables.version("clips") == before


def test_a_file_written_anew_with_the_same_bytes_can_be_embedded_once_it_is_added_again(
    store: Store, make_wav: MakeWav
) -> None:
    path = make_wav()
    store.add(path)
    os.utime(path, ns=(0, 0))  # restored from a backup, checked out again
    assert [problem.reason for problem in store.embed("dummy").problems] == ["changed"]
    report = store.add(path)
    assert (report.added, report.known, report.updated) == (0, 1, 1)
    assert store.embed("dummy").embedded == 1


def test_of_a_file_that_was_replaced_the_old_sound_is_let_go_as_told(store: Store, make_wav: MakeWav) -> None:
    path = make_wav("a.wav", seed=1)
    store.add(path)
    make_wav("a.wav", seed=2)
    assert store.add(path).added == 1
    [problem] = store.embed("dummy").problems
    told = re.search(r"`echodex remove (\w+)`", problem.detail)
    assert told
    assert store.remove([told[1]]) == 1
    report = store.embed("dummy")
    assert (report.problems, report.known) == ([], 1)


def test_the_same_bytes_elsewhere_are_one_row_with_two_places(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    first = make_wav("a.wav")
    second = tmp_path / "audio" / "b.wav"
    shutil.copy(first, second)
    report = store.add(tmp_path / "audio")
    assert report.added == 1
    [row] = rows(store)
    assert row["uris"] == [str(first), str(second)]


def test_a_changed_file_is_a_new_clip(store: Store, make_wav: MakeWav) -> None:
    path = make_wav(seed=0)
    store.add(path)
    make_wav(seed=1)
    assert store.add(path).added == 1
    assert len(rows(store)) == 2


def test_of_two_places_the_one_that_still_has_the_bytes_is_read(
    store: Store, make_wav: MakeWav, tmp_path: Path
) -> None:
    first = make_wav("a.wav")
    shutil.copy(first, tmp_path / "audio" / "b.wav")
    store.add(tmp_path / "audio")
    make_wav("a.wav", seed=1)
    store.add(tmp_path / "audio")
    found = store.embed("dummy")
    assert (found.embedded, found.problems) == (2, [])
    first.unlink()
    [one] = store.clips(["clip_id"], where="array_has(uris, '" + str(tmp_path / "audio" / "b.wav") + "')").to_pylist()
    assert Path(store.sources([one["clip_id"]])[0].path).name == "b.wav"


def test_labels_of_copies_unite_and_what_they_disagree_on_is_told(
    store: Store, make_wav: MakeWav, tmp_path: Path
) -> None:
    shutil.copy(make_wav("a.wav"), tmp_path / "audio" / "b.wav")
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label,split,mood\naudio/a.wav,rock,train,calm\naudio/b.wav,live,test,wild\n")
    report = store.add(tmp_path / "audio", labels=labels)
    [row] = rows(store)
    assert row["labels"] == ["live", "rock"]
    assert row["split"] == "train"
    [conflict] = report.conflicts
    assert (conflict.column, conflict.kept, conflict.ignored) == ("split", "train", "test")


def test_a_corrected_labels_file_corrects(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    make_wav("a.wav")
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label,split\naudio/a.wav,rokc,train\n")
    store.add(labels=labels)
    labels.write_text("path,label,split\naudio/a.wav,rock,test\n")
    report = store.add(labels=labels)
    assert (report.added, report.updated, report.conflicts) == (0, 1, [])
    [row] = rows(store)
    assert (row["labels"], row["split"]) == (["rock"], "test")


def test_excerpts_of_one_file_are_clips_of_their_own(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    make_wav("a.wav", seconds=2.0)
    labels = tmp_path / "labels.csv"
    labels.write_text("path,offset_s,duration_s\naudio/a.wav,0,0.5\naudio/a.wav,0.5,0.75\naudio/a.wav,,\n")
    store.add(labels=labels)
    found = sorted((row["offset_s"], row["decoded_s"], row["excerpt"]) for row in rows(store))
    assert found == [(0.0, 0.5, True), (0.0, 2.0, False), (0.5, 0.75, True)]


def test_bad_files_are_rows_with_a_reason_and_never_usable(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    make_wav("good.wav")
    audio = tmp_path / "audio"
    (audio / "text.wav").write_text("no audio at all")
    (audio / "zero.mp3").write_bytes(b"")
    soundfile.write(audio / "silent.wav", np.zeros(8000), 8000)
    report = store.add(audio)
    reasons = {Path(problem.path).name: problem.reason for problem in report.problems}
    assert set(reasons) == {"text.wav", "zero.mp3", "silent.wav"}
    assert reasons["silent.wav"] == "silent"
    assert report.statuses == {"ok": 1, "bad": 3}
    assert store.clips(["clip_id"]).num_rows == 1
    assert store.add(audio).known == 4


def test_a_clip_over_the_limit_is_too_long(store: Store, make_wav: MakeWav) -> None:
    report = store.add(make_wav(seconds=3.0), limits=Limits(max_decoded_s=2.0))
    assert [problem.reason for problem in report.problems] == ["too-long"]


def test_names_that_are_no_text_and_files_that_vanish_are_told_not_fatal(
    store: Store, make_wav: MakeWav, tmp_path: Path
) -> None:
    make_wav("good.wav")
    odd = os.fsencode(tmp_path / "audio") + b"/\xff.wav"
    shutil.copy(os.fsencode(make_wav("good.wav")), odd)
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label\naudio/gone.wav,x\naudio/good.wav,y\n")
    listed = store.add(labels=labels)
    walked = store.add(tmp_path / "audio")
    assert [Path(problem.path).name for problem in listed.problems] == ["gone.wav"]
    assert len(walked.problems) == 1
    assert "not UTF-8" in walked.problems[0].detail


def test_labels_without_a_file_among_those_added_are_counted(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    make_wav("good.wav")
    labels = tmp_path / "labels.csv"
    labels.write_text("path,label\naudio/good.wav,y\nelsewhere.wav,z\n")
    assert store.add(tmp_path / "audio", labels=labels).unmatched_labels == 1


def test_other_columns_are_kept_as_json(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    make_wav("good.wav")
    labels = tmp_path / "labels.csv"
    labels.write_text("path,speaker,take\naudio/good.wav,jackson,4\n")
    store.add(labels=labels)
    assert json.loads(str(rows(store)[0]["extra"])) == {"speaker": "jackson", "take": "4"}


def test_halves_of_characters_are_told_as_question_marks(store: Store, make_wav: MakeWav) -> None:
    """A list in JSON may spell one of the two halves of an emoji: no UTF-8 text can hold it."""
    half = "a\ud83d"
    said: dict[str, Any] = {"labels": (half,), "fields": (("title", half),), "extra": (("note", half),)}
    path = str(make_wav())
    for _ in range(2):
        store.add_sources([Source(path, **said)])
        [row] = store.clips(["title", "labels", "extra"]).to_pylist()
        assert (row["title"], row["labels"], json.loads(row["extra"])) == ("a?", ["a?"], {"note": "a?"})


def test_where_selects_clips_and_a_bad_filter_is_refused(store: Store, make_wav: MakeWav) -> None:
    store.add(make_wav("a.wav", seed=1), make_wav("b.wav", seed=2, seconds=1.0))
    assert store.clips(["decoded_s"], where="decoded_s > 0.7").to_pylist() == [{"decoded_s": 1.0}]


def test_row_sums_are_those_of_the_rows(store: Store, make_wav: MakeWav) -> None:
    from echodex.schemas.clip import CLIPS
    from echodex.store.rowsum import row_sums

    store.add(make_wav("a.wav", seed=1), make_wav("b.wav", seed=2))
    table = store.tables.scan("clips", CLIPS.names)
    assert row_sums(table).to_pylist() == table.column("row_sum").to_pylist()


@pytest.mark.parametrize("name", ["a\nb.wav", "a'b.wav", 'a"b.wav', "ä ö.wav", "$(x).wav"])
def test_odd_names_are_just_names(store: Store, make_wav: MakeWav, name: str) -> None:
    path = make_wav(name)
    store.add(path)
    assert rows(store)[0]["uris"] == [str(path)]


def test_an_add_that_fails_decodes_no_further_although_its_error_is_kept(
    store: Store, make_wav: MakeWav, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "COMMIT_CLIPS", 2)
    paths = [make_wav(f"{seed}.wav", seed=seed) for seed in range(5)]

    def fail(stage: str, done: int, total: int | None) -> None:
        raise RuntimeError(stage, done, total)

    with pytest.raises(RuntimeError) as kept:
        store.add(*paths, progress=fail)
    assert kept.tb
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("echodex")]


def test_a_file_that_took_too_long_is_tried_anew(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    with soundfile.SoundFile(path, "w", 44_100, 1) as file:
        file.title = "Ab"
        file.write(np.random.default_rng(0).uniform(-0.5, 0.5, 60 * 44_100))  # no child is done before it is asked for
    hurried = Limits(wait_s=0.0)
    for again in (False, True):
        report = store.add(path, limits=hurried)
        assert (report.added, report.known) == (not again, again)
        assert [problem.reason for problem in report.problems] == ["timeout"]
        assert rows(store)[0]["reason"] == "timeout"
    report = store.add(path, embed="dummy")
    assert (report.known, report.updated, report.problems) == (1, 1, [])
    [row] = store.tables.scan("clips", ["status", "reason", "title", "decoded_s"]).to_pylist()
    assert (row["status"], row["reason"], row["title"]) == ("ok", "", "Ab")
    embedded = store.embed("dummy")
    assert (embedded.embedded, embedded.known) == (0, 1)
    before = store.tables.version("clips")
    assert store.add(path, limits=hurried).problems == [], "what could be decoded is not tried again"
    assert store.tables.version("clips") == before


def test_what_could_be_decoded_is_not_undone_by_a_copy_that_could_not() -> None:
    decoded = Decoded(Status.OK, Reason.NONE, "", 1.0, 1.0, 8000, 1, "PCM_16")
    row = clip_row("id", Source("a.wav"), FileFacts("id", 0, 0), decoded, {"title": "Ab"})
    died = Decoded(Status.BAD, Reason.CRASHED, "the process that decoded it died")
    assert rejudged(row, died, {}) == row
    other = clip_row("id", Source("a.wav"), FileFacts("id", 0, 0), died, {}) | {"added_at": row["added_at"]}
    assert rejudged(other, decoded, {"title": "Ab"}) == row
