from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.audio.limits import Limits
from echodex.errors import BadInput, NotFound, UsageError
from tests.store.features.miniature import arrays, datacos, metadata, write


def rows_of(store: Store) -> dict[str, np.ndarray]:
    """The vectors of the space by "work/rendition"."""
    found = store.vectors("datacos", normalise=False)
    clips = store.clips(["work", "rendition"], clip_ids=found.clip_ids).to_pylist()
    return {f"{clip['work']}/{clip['rendition']}": row for clip, row in zip(clips, found.matrix, strict=True)}


def test_both_subsets_in_one_space(store: Store, tmp_path: Path) -> None:
    cover = datacos(tmp_path / "cover", {"W_1": 2, "W_2": 2}, seed=1, transposed=True)
    bench = datacos(tmp_path / "bench", {"W_5": 3, "W_6": 1}, seed=2)
    told = metadata(tmp_path / "meta.json", list(cover))
    first = store.add_features("datacos", tmp_path / "cover", metadata=str(told), split="train")
    assert (first.added, first.known, first.problems, first.missing) == (4, 0, [], [])
    store.add_features("datacos", tmp_path / "bench", split="valid")
    found = rows_of(store)
    assert found.keys() == cover.keys() | bench.keys()
    for name, row in (cover | bench).items():
        np.testing.assert_allclose(found[name], row, rtol=1e-6)
    clips = store.clips(["split", "title", "channels", "codec", "status"]).to_pylist()
    assert sorted(clip["split"] for clip in clips) == ["train"] * 4 + ["valid"] * 4
    assert {clip["title"] for clip in clips if clip["split"] == "train"} == {
        f"Title of P_{n}" for n in (1000, 1001, 1020, 1021)
    }
    assert {(clip["channels"], clip["codec"], clip["status"]) for clip in clips} == {(0, "hdf5/da-tacos", "ok")}
    assert store.space("datacos").note == "52 features of da-TACOS, unscaled"


def test_again_nothing_is_read_again_and_what_is_new_is_added(store: Store, tmp_path: Path) -> None:
    datacos(tmp_path, {"W_1": 2})
    store.add_features("datacos", tmp_path)
    versions = store.versions(store.space("datacos"))
    assert (again := store.add_features("datacos", tmp_path)).known == 2
    assert (again.added, again.updated) == (0, 0)
    assert store.versions(store.space("datacos")) == versions
    datacos(tmp_path, {"W_9": 1}, seed=3)
    assert (more := store.add_features("datacos", tmp_path)).added == 1
    assert more.known == 2
    assert len(rows_of(store)) == 3


def test_killed_between_vectors_and_clips_it_goes_on(store: Store, tmp_path: Path) -> None:
    """What such a process leaves: the vectors of a batch, which are written first, without its clips."""
    datacos(tmp_path, {"W_1": 3})
    store.add_features("datacos", tmp_path)
    store.tables.delete("clips", "clip_id >= '8'")
    left = len(store.clips(["clip_id"]))
    report = store.add_features("datacos", tmp_path)
    assert (report.added, report.known) == (3 - left, left)
    assert store.tables.count("vectors_datacos") == len(rows_of(store)) == 3


def test_odd_files_are_named_and_the_others_added(store: Store, tmp_path: Path) -> None:
    datacos(tmp_path, {"W_1": 2})
    (tmp_path / "W_1/P_7.h5").write_bytes(b"torn")
    write(tmp_path / "W_1/P_8.h5", {**arrays(8), "crema": np.zeros((3, 3))})
    report = store.add_features("datacos", tmp_path)
    assert (report.statuses["ok"], report.statuses["bad"]) == (2, 2)
    assert {(Path(problem.path).name, problem.reason) for problem in report.problems} == {
        ("P_7.h5", "unreadable"),
        ("P_8.h5", "unreadable"),
    }
    assert any("'crema' of shape (3, 3)" in problem.detail for problem in report.problems)
    assert len(rows_of(store)) == len(store.clips(["clip_id"])) == 2


def test_the_length_counts_against_the_limit(store: Store, tmp_path: Path) -> None:
    datacos(tmp_path, {"W_1": 1})
    report = store.add_features("datacos", tmp_path, limits=Limits(max_decoded_s=0.1))
    assert [problem.reason for problem in report.problems] == ["too-long"]


def test_clips_of_features_have_no_audio_to_embed(store: Store, tmp_path: Path) -> None:
    datacos(tmp_path, {"W_1": 2})
    store.add_features("datacos", tmp_path)
    with pytest.raises(BadInput, match=r"none of 2 clips of .* has audio"):
        store.embed("dummy")
    assert len(store.similar(store.clips(["clip_id"]).column(0)[0].as_py(), space="datacos")) == 1


def test_audio_beside_features_is_embedded_alone(kinds: Store, tmp_path: Path) -> None:
    datacos(tmp_path / "da", {"W_1": 2})
    kinds.add_features("datacos", tmp_path / "da")
    report = kinds.embed("dummy", settings={"bands": 8})
    assert (report.embedded, report.problems) == (72, [])
    done = kinds.materialise(sample_rate_hz=8000)
    assert done.problems == []


def test_a_space_of_another_name(store: Store, tmp_path: Path) -> None:
    datacos(tmp_path, {"W_1": 2})
    store.add_features("datacos", tmp_path, space="study")
    assert [space.name for space in store.spaces()] == ["study"]


def test_wrong_calls_are_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'datacos'"):
        store.add_features("datacoss", tmp_path)
    with pytest.raises(BadInput, match="no setting 'slit'"):
        store.add_features("datacos", tmp_path, slit="train")
    with pytest.raises(UsageError, match="name the folders"):
        store.add_features("datacos")
