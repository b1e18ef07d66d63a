from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.errors import NotFound, UsageError
from echodex.schemas.hit import DuplicateGroup
from tests.store.features.miniature import datacos

MakeWav = Callable[..., Path]
RATE = 8000


def names(group: DuplicateGroup) -> list[str]:
    return [Path(member.path).name for member in group.members]


def recording(seed: int, seconds: float = 3.0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A melody with some breath: no part of it repeats."""
    random = np.random.default_rng(seed)
    count = int(seconds * RATE)
    pitches = np.repeat(random.uniform(150, 1500, 24), -(-count // 24))[:count]
    tone = np.sin(2 * np.pi * np.cumsum(pitches) / RATE)
    return np.asarray(0.3 * tone + 0.03 * random.standard_normal(count))


@pytest.fixture
def corpus(store: Store, tmp_path: Path) -> Store:
    """Two recordings, copies of the first (quieter, cropped, noised, FLAC), and the notes of the first played anew."""
    folder = tmp_path / "audio"
    folder.mkdir()
    first, second = recording(1), recording(2)
    anew = np.roll(np.sin(np.arcsin(np.clip(first / 0.33, -1, 1)) + np.linspace(0, 900, len(first))), 37) * 0.3
    noise = np.random.default_rng(3).standard_normal(len(first))
    soundfile.write(folder / "first.wav", first, RATE)
    soundfile.write(folder / "quiet.wav", 0.4 * first, RATE)
    soundfile.write(folder / "crop.wav", first[RATE // 2 :], RATE)
    soundfile.write(folder / "noised.wav", first + 0.03 * noise, RATE)
    soundfile.write(folder / "first.flac", first, RATE)
    soundfile.write(folder / "anew.wav", anew, RATE)
    soundfile.write(folder / "second.wav", second, RATE)
    store.add(folder)
    store.embed("dummy")
    return store


def test_groups_are_stars_with_every_score_and_the_lowest_pair(
    filled: Store, make_wav: MakeWav, tmp_path: Path
) -> None:
    tone, rate = soundfile.read(make_wav("0.wav", seed=0))
    for step in (1, 2):
        soundfile.write(tmp_path / "audio" / f"louder{step}.wav", tone * (1 + 0.1 * step), rate)
    filled.add(tmp_path / "audio")
    filled.embed("dummy")
    vectors = filled.vectors()
    groups = filled.duplicates(min_score=0.97)
    assert groups
    for group in groups:
        rows = [vectors.positions()[member.clip_id] for member in group.members]
        cosines = vectors.matrix[rows] @ vectors.matrix[rows].T
        assert group.representative == group.members[0].clip_id
        assert [member.score for member in group.members] == pytest.approx(cosines[0], abs=1e-5)
        assert min(member.score for member in group.members) >= 0.97 - 1e-6
        assert group.lowest_pair_score == pytest.approx(cosines.min(), abs=1e-6)
        assert all(member.alignment is None and not member.exact for member in group.members)


def test_byte_identical_copies_are_exact_members(filled: Store, tmp_path: Path) -> None:
    for copy in ("copy1.wav", "copy2.wav"):
        shutil.copy(tmp_path / "audio" / "3.wav", tmp_path / copy)
        filled.add(tmp_path / copy)
    groups = filled.duplicates(min_score=0.99999)
    assert [(names(group), group.lowest_pair_score) for group in groups] == [(["3.wav", "copy1.wav", "copy2.wav"], 1.0)]
    assert [(member.exact, member.score) for member in groups[0].members] == [(False, 1.0), (True, 1.0), (True, 1.0)]
    assert len({member.clip_id for member in groups[0].members}) == 1


def test_a_copy_that_is_gone_is_not_shown_first(filled: Store, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "audio" / "3.wav", tmp_path / "copy.wav")
    filled.add(tmp_path / "copy.wav")
    (tmp_path / "audio" / "3.wav").unlink()
    assert names(filled.duplicates(min_score=0.99999)[0]) == ["copy.wav", "3.wav"]


def test_audio_tells_copies_from_the_same_notes_played_anew(corpus: Store) -> None:
    alike = corpus.duplicates(min_score=0.5)
    assert "anew.wav" in names(alike[0]), "by vectors alone they cannot be told apart"
    groups = corpus.duplicates(min_score=0.5, verify="audio")
    assert [sorted(names(group)) for group in groups] == [
        ["crop.wav", "first.flac", "first.wav", "noised.wav", "quiet.wav"]
    ]
    evidence = {Path(member.path).name: member.alignment for member in groups[0].members}
    first = names(groups[0])[0]
    assert first in ("first.flac", "first.wav", "noised.wav", "quiet.wav"), "the whole recording represents its crop"
    assert evidence[first] is None
    assert all(found and found.residual_db < -10 for name, found in evidence.items() if name != first)
    crop = evidence["crop.wav"]
    assert crop is not None
    assert crop.offset_s == pytest.approx(0.5, abs=0.001)
    assert crop.overlap_s == pytest.approx(2.5, abs=0.001)


def test_a_file_that_is_gone_is_no_duplicate_and_no_error(corpus: Store, tmp_path: Path) -> None:
    (tmp_path / "audio" / "quiet.wav").unlink()
    groups = corpus.duplicates(min_score=0.5, verify="audio")
    assert sorted(names(groups[0])) == ["crop.wav", "first.flac", "first.wav", "noised.wav"]


def test_within_a_filter(corpus: Store) -> None:
    groups = corpus.duplicates(min_score=0.5, where="codec LIKE 'wav%'", verify="audio")
    assert sorted(names(groups[0])) == ["crop.wav", "first.wav", "noised.wav", "quiet.wav"]


def test_a_large_group_is_described_in_full(store: Store, add_vectors: Callable[..., list[str]]) -> None:
    rng = np.random.default_rng(0)
    centre = rng.normal(size=16)
    near = np.repeat(centre + 0.02 * rng.normal(size=(300, 16)), 4, axis=0)
    rows = np.concatenate([near, rng.normal(size=(50, 16))])
    matrix = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    ids = add_vectors(store, matrix)
    [group] = store.duplicates(min_score=0.95)
    cosines = matrix[:1200].astype(np.float64) @ matrix[:1200].astype(np.float64).T
    assert sorted(member.clip_id for member in group.members) == ids[:1200]
    assert group.lowest_pair_score == pytest.approx(cosines.min(), abs=1e-6)
    best = ids.index(group.representative)
    assert {member.clip_id: member.score for member in group.members} == pytest.approx(
        dict(zip(ids, cosines[best].tolist(), strict=False)), abs=1e-6
    )


def test_features_cannot_be_heard(store: Store, tmp_path: Path) -> None:
    datacos(tmp_path, {"W_1": 2, "W_2": 2})
    store.add_features("datacos", tmp_path)
    assert store.duplicates(min_score=0.5)
    with pytest.raises(UsageError, match="'datacos' are of features, not of audio"):
        store.duplicates(verify="audio")


def test_what_cannot_be_asked(filled: Store) -> None:
    with pytest.raises(UsageError, match="verify='ears' does not exist"):
        filled.duplicates(verify="ears")
    with pytest.raises(UsageError, match="a cosine from -1 to 1"):
        filled.duplicates(min_score=2)
    with pytest.raises(NotFound, match="space 'clmr' does not exist"):
        filled.duplicates(space="clmr")


@pytest.mark.slow
def test_real_recordings_find_their_twins_at_another_rate(store: Store, shared_data: Path) -> None:
    folder = shared_data / "environment"
    with (folder / "same_recording.csv").open(newline="") as stream:
        twins = {frozenset({row["path"], row["same_as"]}) for row in csv.DictReader(stream)}
    store.add(*[folder / path for pair in twins for path in pair], *sorted((folder / "audio").glob("*-C-*.ogg")))
    store.embed("dummy", settings={"bands": 64})
    groups = store.duplicates(min_score=0.95, verify="audio")
    found = {frozenset(str(Path(member.path).relative_to(folder)) for member in group.members) for group in groups}
    assert found == twins
