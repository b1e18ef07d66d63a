"""From files to frames in a store: every layout, whatever is missing or odd, and again after an interruption."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import echodex
from echodex.api import Store
from echodex.audio.limits import Limits
from echodex.errors import BadInput, NotFound, UsageError
from echodex.store.frames.layout import FrameLayout
from echodex.store.frames.table import open_frames
from tests.store.features.cqt.miniature import (
    FRAMES,
    HOP_S,
    by_definition,
    transform,
    write_cliques,
    write_h5,
    write_list,
    write_mm,
)


def clips(store: Store, *columns: str) -> dict[str, dict[str, Any]]:
    """Rows of the usable clips by YouTube id."""
    rows = store.clips(["clip_id", "extra", "uris", *columns]).to_pylist()
    return {json.loads(row["extra"])["youtube_id"]: row for row in rows}


def check(store: Store, expected: dict[str, np.ndarray], table: str = "cqt") -> None:
    """The store has these recordings, and of each the frames that its values stand for."""
    rows = clips(store)
    assert rows.keys() == expected.keys()
    frames = open_frames(store, table, [rows[identity]["clip_id"] for identity in expected])
    for index, values in enumerate(expected.values()):
        found = frames.read(index, 0, 10_000)
        np.testing.assert_allclose(found, by_definition(values), rtol=5e-3, atol=5e-3)


def published(tmp_path: Path, recordings: int = 6) -> tuple[Path, dict[str, np.ndarray]]:
    """A list, chunks of two recordings each and `.mm` files in all their layouts; values by YouTube id."""
    values = {f"vid{number}": transform(number, FRAMES + number) for number in range(recordings)}
    one, two, three, four, *rest = values
    write_h5(tmp_path / "h5/chunk_00001.h5", {one: values[one], two: values[two]})
    write_mm(tmp_path / "mm", three, values[three])
    write_mm(tmp_path / "other", four, values[four].T.astype(np.float32), side=False)
    lines: list[dict[str, Any]] = [
        {"youtube_id": one, "h5_chunk": "chunk_00001.h5", "h5_key": f"/{one}/cqt", "hop_s": HOP_S},
        {"ytid": two, "h5_file": "chunk_00001.h5", "h5_key": f"{two}/cqt", "mm_path": "nowhere.mm"},
        {"youtubeId": three, "h5_chunk": "chunk_00002.h5", "h5_key": "/x/cqt", "frame_hop_s": HOP_S},
        {
            "youtube_id": four,
            "cqt_mm_path": str(tmp_path / f"other/vi/{four}.mm"),
            "hoplen_s": HOP_S,
            "cqt_shape": [84, FRAMES + 3],
        },
    ]
    for identity in rest:
        write_mm(tmp_path / "mm", identity, values[identity])
        lines.append({"youtube_id": identity})
    return write_list(tmp_path / "list.jsonl", lines), values


def roots(tmp_path: Path) -> dict[str, Any]:
    return {"h5_root": str(tmp_path / "h5"), "mm_root": str(tmp_path / "mm")}


def test_every_layout_of_a_list_becomes_frames(store: Store, tmp_path: Path) -> None:
    told, values = published(tmp_path)
    report = store.add_features("cqt", told, **roots(tmp_path))
    assert (report.added, report.known, report.problems, report.missing) == (6, 0, [], [])
    check(store, values)
    rows = clips(store, "channels", "codec", "status", "duration_s", "excerpt")
    assert {(row["channels"], row["codec"], row["status"]) for row in rows.values()} == {(0, "cqt", "ok")}
    assert [row["excerpt"] for row in rows.values()].count(True) == 2
    assert rows["vid3"]["duration_s"] == pytest.approx((FRAMES + 3) * HOP_S)
    assert json.loads(rows["vid0"]["extra"]) == {
        "cqt_hop_s": repr(HOP_S),
        "h5_key": "/vid0/cqt",
        "youtube_id": "vid0",
    }
    assert rows["vid0"]["uris"] == rows["vid1"]["uris"] == [str(tmp_path / "h5/chunk_00001.h5")]
    assert open_frames(store, "cqt", [rows["vid0"]["clip_id"]]).layout == FrameLayout(84, 0.1, 32.7, 22_050, "files")


def test_again_nothing_is_read_again(store: Store, tmp_path: Path) -> None:
    told, values = published(tmp_path)
    store.add_features("cqt", told, **roots(tmp_path))
    before = [store.tables.version(table) for table in ("clips", "frames_cqt")]
    report = store.add_features("cqt", told, **roots(tmp_path))
    assert (report.added, report.known, report.updated) == (0, 6, 0)
    assert [store.tables.version(table) for table in ("clips", "frames_cqt")] == before
    check(store, values)


def test_whatever_an_interruption_leaves_is_made_whole(store: Store, tmp_path: Path) -> None:
    told, values = published(tmp_path)
    store.add_features("cqt", told, **roots(tmp_path))
    rows = clips(store)
    store.tables.delete("clips", f"clip_id = '{rows['vid0']['clip_id']}'")  # frames are written before their clips
    store.tables.delete("frames_cqt", f"clip_id = '{rows['vid3']['clip_id']}'")
    report = store.add_features("cqt", told, **roots(tmp_path))
    assert (report.added, report.known) == (1, 5)
    check(store, values)
    store.tables.drop("frames_cqt")
    store.add_features("cqt", told, **roots(tmp_path))
    check(store, values)


def test_commits_in_the_middle_lose_nothing(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are written before their clips are in the table, whenever a commit is due."""
    monkeypatch.setattr("echodex.store.blob_writing.COMMIT_BYTES", 10_000)
    told, values = published(tmp_path)
    assert store.add_features("cqt", told, **roots(tmp_path)).added == 6
    check(store, values)


def test_a_folder_is_a_list_of_its_files(store: Store, tmp_path: Path) -> None:
    values = {f"ab{number}": transform(number) for number in range(3)}
    for identity, found in values.items():
        write_mm(tmp_path / "mm", identity, found)
    (tmp_path / "mm/link").symlink_to(tmp_path / "mm/ab")
    store.add_features("cqt", tmp_path / "mm", frames="vinet", source="discogs-vinet")
    check(store, values, "vinet")
    assert open_frames(store, "vinet", [clips(store)["ab0"]["clip_id"]]).layout.source == "discogs-vinet"


def test_one_file_alone(store: Store, tmp_path: Path) -> None:
    store.add_features("cqt", write_mm(tmp_path / "mm", "abc", transform(0)))
    check(store, {"abc": transform(0)})


def test_eight_octaves_are_cut_to_the_lowest_seven(store: Store, tmp_path: Path) -> None:
    write_mm(tmp_path / "mm", "abc", transform(0, bands=96))
    store.add_features("cqt", tmp_path / "mm")
    check(store, {"abc": transform(0, bands=96)})


def test_a_list_of_cliques_says_who_performs_what(store: Store, tmp_path: Path) -> None:
    told, values = published(tmp_path)
    cliques = write_cliques(tmp_path / "train.json", {"C-1": ["vid0", "vid3"], "C-2": ["vid4", "gone"]})
    report = store.add_features("cqt", told, metadata=str(cliques), split="train", **roots(tmp_path))
    assert (report.added, report.missing) == (3, ["gone"])
    rows = clips(store, "work", "rendition", "title", "split")
    assert {name: (row["work"], row["split"]) for name, row in rows.items()} == {
        "vid0": ("C-1", "train"),
        "vid3": ("C-1", "train"),
        "vid4": ("C-2", "train"),
    }
    assert (rows["vid3"]["rendition"], rows["vid3"]["title"]) == ("V-vid3", "Title of vid3")
    check(store, {name: values[name] for name in ("vid0", "vid3", "vid4")})
    with pytest.raises(BadInput, match="no dictionary of cliques"):
        store.add_features("cqt", told, metadata=str(told), **roots(tmp_path))


def test_what_is_missing_or_odd_is_named_and_the_others_added(store: Store, tmp_path: Path) -> None:
    told, values = published(tmp_path)
    negative, silent = transform(7), transform(8)
    negative[3, 3] = -1
    silent[5] = np.nan
    write_mm(tmp_path / "mm", "vid5", negative)
    write_mm(tmp_path / "mm", "odd1", silent)
    write_mm(tmp_path / "mm", "odd2", transform(9, 84))
    write_mm(tmp_path / "mm", "odd3", transform(10, bands=120))
    write_mm(tmp_path / "mm", "odd4", transform(11), side=(FRAMES + 1, 84))
    write_mm(tmp_path / "mm", "odd5", transform(12, 4))
    more = [{"youtube_id": f"odd{number}"} for number in range(1, 6)]
    more += [{"youtube_id": "gone"}, {"youtube_id": "zzz", "h5_chunk": "chunk_00001.h5", "h5_key": "/zzz/cqt"}]
    write_list(tmp_path / "more.jsonl", more)
    report = store.add_features("cqt", told, tmp_path / "more.jsonl", **roots(tmp_path))
    assert report.missing == ["gone"]
    said = {Path(problem.path).name: problem.detail for problem in report.problems}
    assert {name: detail for name, detail in said.items() if "/zzz/cqt is no dataset" in detail}.keys() == {
        "chunk_00001.h5"
    }
    expected = {
        "vid5.mm": "no magnitudes",
        "odd1.mm": "no magnitudes",
        "odd2.mm": "either side of which",
        "odd3.mm": "neither side",
        "odd4.mm": "torn",
        "odd5.mm": "fewer than make one",
    }
    assert {name for name, detail in expected.items() if detail in said[name]} == expected.keys()
    check(store, {name: found for name, found in values.items() if name != "vid5"})


def test_what_was_refused_is_taken_once_it_is_told(store: Store, tmp_path: Path) -> None:
    write_mm(tmp_path / "mm", "abc", transform(0, 84))
    write_mm(tmp_path / "mm", "abd", transform(1), side=False)
    report = store.add_features("cqt", tmp_path / "mm")
    assert (report.statuses["bad"], len(clips(store))) == (2, 0)
    np.save(tmp_path / "mm/ab/abd.npy", np.array([FRAMES, 84]))
    report = store.add_features("cqt", tmp_path / "mm", axes="time-first")
    assert (report.added, report.updated) == (0, 2)
    check(store, {"abc": transform(0, 84), "abd": transform(1)})


def test_the_length_counts_against_the_limit(store: Store, tmp_path: Path) -> None:
    write_mm(tmp_path / "mm", "abc", transform(0))
    report = store.add_features("cqt", tmp_path / "mm", limits=Limits(max_decoded_s=1.0))
    assert [problem.reason for problem in report.problems] == ["too-long"]


def test_wrong_calls_are_named(store: Store, tmp_path: Path) -> None:
    told, _ = published(tmp_path)
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"mm_rot": "x"}, BadInput, "no setting 'mm_rot'"),
        ({"axes": "tf"}, UsageError, "axes is time-first or bands-first"),
        ({"hop_s": 0.0}, UsageError, "hop_s must be more than 0"),
        ({"metadata": str(tmp_path / "gone.json")}, NotFound, r"gone\.json does not exist"),
    ]
    for settings, error, said in wrong:
        with pytest.raises(error, match=said):
            store.add_features("cqt", told, **settings)
    with pytest.raises(NotFound, match="--h5-root and --mm-root"):
        store.add_features("cqt", write_list(tmp_path / "other.jsonl", [{"ytid": "abc"}]), mm_root=str(tmp_path))
    with pytest.raises(NotFound, match="does not exist"):
        store.add_features("cqt", tmp_path / "nowhere")
    with pytest.raises(BadInput, match=r"chunk_00001\.h5 is an HDF5 file; name the list"):
        store.add_features("cqt", tmp_path / "h5/chunk_00001.h5")
    with pytest.raises(NotFound, match=r"h5 names no recording; name folders of \.mm files, or lists"):
        store.add_features("cqt", tmp_path / "h5")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1]", "is no JSON object"),
        ("{", "is no JSON"),
        ('{"h5_chunk": "a.h5"}', "has none of youtube_id, ytid, youtubeId"),
        ('{"youtube_id": 3}', "which is no text"),
        ('{"youtube_id": "a", "hop_s": "fast"}', "has a hop of 'fast'"),
        ('{"youtube_id": "a", "hop_s": -1}', "has a hop of '-1'"),
        ('{"youtube_id": "a", "shape": [84]}', "the index says"),
        ('{"youtube_id": "a", "shape": "84x9"}', "the index says"),
    ],
)
def test_odd_lines_are_named(store: Store, tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "list.jsonl").write_text('{"youtube_id": "b"}\n\n' + line + "\n")
    with pytest.raises(BadInput, match=f"line 3: .*{said}"):
        store.add_features("cqt", tmp_path / "list.jsonl")


def test_frames_of_another_origin_are_not_mixed_in(store: Store, tmp_path: Path) -> None:
    write_mm(tmp_path / "mm", "abc", transform(0))
    store.add_features("cqt", tmp_path / "mm")
    write_mm(tmp_path / "mm", "abd", transform(1))
    with pytest.raises(UsageError, match="never mix"):
        store.add_features("cqt", tmp_path / "mm", sample_rate_hz=44_100)


def test_a_table_to_which_nothing_came_is_told_to_be_empty(store: Store, tmp_path: Path) -> None:
    write_mm(tmp_path / "mm", "abc", -transform(0))
    assert store.add_features("cqt", tmp_path / "mm").statuses["bad"] == 1
    with pytest.raises(UsageError, match=r"as frames=NAME, or remove the folder .*frames_cqt\.lance: it is empty"):
        store.add_features("cqt", tmp_path / "mm", sample_rate_hz=44_100)


def test_one_file_is_told_in_full(tmp_path: Path) -> None:
    told, values = published(tmp_path)
    sample = echodex.verify_features("cqt", told, **roots(tmp_path))
    assert (sample.path, sample.part) == (str(tmp_path / "h5/chunk_00001.h5"), "/vid0/cqt")
    assert (sample.files, sample.missing) == (6, 0)
    assert sample.seconds == pytest.approx(FRAMES * HOP_S)
    low, high = values["vid0"].min(), values["vid0"].max()
    assert sample.told == {
        "stored": f"float16 (84, {FRAMES}) (bands-first; the shape is by the HDF5 file)",
        "bands": "84 from 32.7 Hz",
        "hop": "0.02322 s (by the list)",
        "values": f"{low:.6g} to {high:.6g}",
    }
    assert sample.kept.startswith("float32 (46, 84), ")
    assert sample.said["youtube_id"] == "vid0"
    write_mm(tmp_path / "one", "abc", transform(0, bands=96))
    sample = echodex.verify_features("cqt", tmp_path / "one")
    assert sample.told["bands"] == "96 from 32.7 Hz, the lowest 84 of which are kept"
    write_mm(tmp_path / "bad", "abc", transform(0, 84))
    with pytest.raises(BadInput, match=r"abc\.mm has shape \(84, 84\), either side"):
        echodex.verify_features("cqt", tmp_path / "bad")
