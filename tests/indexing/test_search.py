from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import BadInput, NotFound, UsageError

MakeWav = Callable[..., Path]


def ids(store: Store) -> list[str]:
    return [str(clip_id) for clip_id in store.clips(["clip_id"]).column(0).to_pylist()]


def test_by_clip_the_answer_is_that_of_brute_force_without_the_clip_itself(filled: Store) -> None:
    vectors = filled.vectors()
    for row, clip_id in enumerate(vectors.clip_ids):
        scores = vectors.matrix @ vectors.matrix[row]
        order = [other for other in np.argsort(-scores, kind="stable") if other != row]
        hits = filled.similar(clip_id, k=5)
        assert [hit.clip_id for hit in hits] == [vectors.clip_ids[other] for other in order[:5]]
        assert [hit.score for hit in hits] == pytest.approx(scores[order[:5]], abs=1e-6)


def test_hits_say_where_the_audio_is_and_its_labels(filled: Store) -> None:
    for hit in filled.similar(ids(filled)[0], k=3):
        seed = int(Path(hit.path).stem)
        assert Path(hit.path).is_file()
        assert hit.labels == (("odd",) if seed % 2 else ("even",))
        assert hit.offset_s == 0.0


def test_by_vector(filled: Store) -> None:
    vectors = filled.vectors()
    hit = filled.similar(vectors.matrix[4] * 7, k=1)[0]
    assert hit.clip_id == vectors.clip_ids[4]
    assert hit.score == pytest.approx(1.0)


def test_a_new_file_finds_what_it_resembles(filled: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    quieter, rate = soundfile.read(tmp_path / "audio" / "3.wav")
    soundfile.write(tmp_path / "query.wav", 0.9 * quieter, rate)
    hit = filled.similar(tmp_path / "query.wav", k=1)[0]
    assert Path(hit.path).name == "3.wav"
    assert 0.95 < hit.score < 1


def test_a_file_of_the_store_is_its_clip_but_a_copy_elsewhere_is_a_new_file(filled: Store, tmp_path: Path) -> None:
    original = tmp_path / "audio" / "3.wav"
    assert "3.wav" not in [Path(hit.path).name for hit in filled.similar(str(original), k=12)]
    assert len(filled.similar(original, k=12)) == 11
    shutil.copy(original, tmp_path / "elsewhere.wav")
    first = filled.similar(tmp_path / "elsewhere.wav", k=12)[0]
    assert Path(first.path).name == "3.wav"
    assert first.score == pytest.approx(1.0)


def test_a_file_that_changed_since_is_a_new_file(filled: Store, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "audio" / "5.wav", tmp_path / "audio" / "3.wav")
    hit = filled.similar(tmp_path / "audio" / "3.wav", k=1)[0]
    assert Path(hit.path).name == "5.wav"


def test_a_path_goes_before_an_id(
    filled: Store, make_wav: MakeWav, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip_id = ids(filled)[0]
    monkeypatch.chdir(tmp_path)
    shutil.copy(make_wav("other.wav", seed=77), tmp_path / clip_id)
    assert clip_id in [hit.clip_id for hit in filled.similar(clip_id, k=12)], "the file was asked, not the clip"


def test_within_a_filter_or_a_view_all_k_are_of_it(filled: Store) -> None:
    odd = filled.similar(ids(filled)[0], k=4, where="array_has(labels, 'odd')")
    assert [hit.labels for hit in odd] == [("odd",)] * 4
    filled.prune("random", keep=3, min_cluster_size=2).save("three")
    kept = set(filled.clips(["clip_id"], view="three").column(0).to_pylist())
    found = {hit.clip_id for hit in filled.similar(np.ones(16, np.float32), k=10, view="three")}
    assert found == kept
    assert filled.similar(ids(filled)[0], k=4, where="split = 'nowhere'") == []


def test_the_offset_is_that_of_the_nearest_segment(store: Store, tmp_path: Path) -> None:
    rate = 8000
    low, high = (np.sin(2 * np.pi * hz * np.arange(rate) / rate) for hz in (300, 3000))
    soundfile.write(tmp_path / "a.wav", 0.4 * np.concatenate([low, low, high]), rate)
    soundfile.write(tmp_path / "b.wav", 0.4 * np.concatenate([high, low, low]), rate)
    soundfile.write(tmp_path / "query.wav", 0.3 * high, rate)
    store.add(tmp_path / "a.wav", tmp_path / "b.wav")
    store.embed("dummy", settings={"window_s": 1.0})
    hits = store.similar(tmp_path / "query.wav")
    assert {Path(hit.path).name: hit.offset_s for hit in hits} == {"a.wav": 2.0, "b.wav": 0.0}


def test_an_excerpt_does_not_hide_behind_its_file(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    make_wav("long.wav", seconds=2.0)
    (tmp_path / "labels.csv").write_text("path,offset_s,duration_s\naudio/long.wav,0,1\naudio/long.wav,1,1\n")
    store.add(labels=tmp_path / "labels.csv")
    store.embed("dummy")
    assert len(store.similar(tmp_path / "audio" / "long.wav")) == 2


@pytest.mark.parametrize("query", ["no-such-clip", "no/such/file.wav", "x" * 5000, "a\0b", ""])
def test_an_unknown_query_is_not_found(filled: Store, query: str) -> None:
    with pytest.raises(NotFound, match="neither a file nor a usable clip"):
        filled.similar(query)


def test_a_path_that_does_not_exist_is_not_found(filled: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        filled.similar(tmp_path / "gone.wav")


def test_a_clip_without_a_vector_says_so(filled: Store, make_wav: MakeWav) -> None:
    filled.add(make_wav("new.wav", seed=99))
    new = next(clip_id for clip_id in ids(filled) if clip_id not in filled.vectors().clip_ids)
    with pytest.raises(NotFound, match=r"has no vector in space 'dummy-.*echodex embed dummy"):
        filled.similar(new)


@pytest.mark.parametrize("vector", [np.ones(15), np.ones((1, 16)), np.zeros(16), np.full(16, np.nan)])
def test_a_vector_that_does_not_fit(filled: Store, vector: NDArray[np.float64]) -> None:
    with pytest.raises(BadInput):
        filled.similar(vector.astype(np.float32))


def test_a_file_that_is_no_audio(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not audio")
    with pytest.raises(BadInput, match=r"text\.wav"):
        filled.similar(tmp_path / "text.wav")


def test_k_must_be_positive(filled: Store) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        filled.similar(ids(filled)[0], k=0)
