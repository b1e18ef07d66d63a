from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from echodex.api import Store
from echodex.errors import UsageError
from echodex.schemas.hit import DuplicateGroup

Matrix = NDArray[np.float32]
AddVectors = Callable[..., list[str]]
SEGMENTS, DIM = 30, 32


def unit(rows: NDArray[np.floating]) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def random_clips(count: int, seed: int = 0) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((count * SEGMENTS, DIM))).reshape(count, SEGMENTS, DIM)


def noised(rows: Matrix, seed: int, level: float = 0.05) -> Matrix:
    return unit(rows + level * np.random.default_rng(seed).standard_normal(rows.shape))


def ranges(group: DuplicateGroup, clip_id: str) -> list[tuple[float, float, float, float]]:
    [member] = [member for member in group.members if member.clip_id == clip_id]
    return [(s.start_s, s.end_s, s.representative_start_s, s.representative_end_s) for s in member.stretches]


def test_what_clips_share_and_where(store: Store, add_vectors: AddVectors) -> None:
    clips = random_clips(120)
    clips[7, 5:20] = noised(clips[3, 10:25], 1)
    clips[90, 18:29] = noised(clips[3, 2:13], 2)
    clips[60] = noised(clips[61], 3)
    ids = add_vectors(store, clips.reshape(-1, DIM), segments=SEGMENTS)
    first, second = store.duplicates(by="segments")
    assert first.representative == ids[3]
    assert {member.clip_id for member in first.members} == {ids[3], ids[7], ids[90]}
    assert ranges(first, ids[7]) == [(5.0, 20.0, 10.0, 25.0)]
    assert ranges(first, ids[90]) == [(18.0, 29.0, 2.0, 13.0)]
    assert ranges(first, ids[3]) == []
    assert ranges(second, next(i for i in (ids[60], ids[61]) if i != second.representative)) == [(0, 30, 0, 30)]
    member = next(member for member in first.members if member.clip_id == ids[7])
    [stretch] = member.stretches
    assert stretch.score == pytest.approx(float((clips[7, 5:20] * clips[3, 10:25]).sum(axis=1).mean()), abs=1e-5)
    assert member.score == pytest.approx(stretch.score)
    assert (stretch.segments, stretch.confidence > 0.99) == (15, True)
    assert store.duplicates(by="segments", min_score=0.9999) == []
    assert [g.representative for g in store.duplicates(by="segments", where="list_contains(labels, '0')")] != [ids[3]]


def test_every_pair_that_shares_is_in_a_group(store: Store, add_vectors: AddVectors) -> None:
    clips = random_clips(80, 1)
    clips[1, :10] = clips[0, 20:]  # a mix of 0 and 2, and one of 2 and 3
    clips[1, 10:20] = clips[2, :10]
    clips[4, :10] = clips[2, 15:25]
    clips[4, 20:] = clips[3, 5:15]
    ids = add_vectors(store, clips.reshape(-1, DIM), segments=SEGMENTS)
    groups = store.duplicates(by="segments")
    pairs = {frozenset({g.representative, m.clip_id}) for g in groups for m in g.members[1:]}
    assert pairs == {frozenset({ids[a], ids[b]}) for a, b in ((0, 1), (1, 2), (2, 4), (3, 4))}


def test_a_jingle_in_many_clips_is_one_group(store: Store, add_vectors: AddVectors) -> None:
    clips = random_clips(100, 2)
    for clip in range(20):
        clips[clip, clip % 15 : clip % 15 + 9] = noised(clips[99, :9], clip)
    ids = add_vectors(store, clips.reshape(-1, DIM), segments=SEGMENTS)
    groups = store.duplicates(by="segments")
    assert max(len(group.members) for group in groups) > 18
    assert {member.clip_id for group in groups for member in group.members} == {*ids[:20], ids[99]}


def test_clips_outside_take_nothing_from_those_that_are_asked_about(store: Store, add_vectors: AddVectors) -> None:
    clips = random_clips(400, 4).reshape(1000, 12, DIM)
    inside = [0, 10, 20]  # of the copies, those labelled 0: each segment's 20 votes would go to 3 in 100 of these
    copies = inside + [number for number in range(1000) if number % 10][:597]
    recording = clips[-1, 2:8].copy()
    for number in copies:
        clips[number, 2:8] = noised(recording, number)
    ids = add_vectors(store, clips.reshape(-1, DIM), segments=12)
    [group] = store.duplicates(by="segments", where="list_contains(labels, '0')")
    assert {member.clip_id for member in group.members} == {ids[number] for number in inside}
    assert [ranges(group, member.clip_id) for member in group.members[1:]] == [[(2, 8, 2, 8)]] * 2
    assert store.duplicates(by="segments", where="clip_id = 'none'") == []


def test_strangers_share_nothing(store: Store, add_vectors: AddVectors) -> None:
    add_vectors(store, random_clips(150, 3).reshape(-1, DIM), segments=SEGMENTS)
    assert store.duplicates(by="segments") == []


def test_copies_that_are_cut_and_mixed(store: Store, tmp_path: Path) -> None:
    rate = 8000

    def melody(seed: int, seconds: float) -> NDArray[np.float64]:
        random = np.random.default_rng(seed)
        pitches = np.repeat(random.uniform(100, 3500, int(4 * seconds)), rate // 4)
        noise = random.standard_normal(len(pitches))
        return np.asarray(0.3 * np.sin(2 * np.pi * np.cumsum(pitches) / rate) + 0.01 * noise)

    (tmp_path / "audio").mkdir()
    silence = np.zeros(6 * rate)
    for seed in range(30):
        soundfile.write(tmp_path / "audio" / f"{seed}.wav", np.concatenate([melody(seed, 12), silence]), rate)
    mixed = np.concatenate([melody(100, 4), melody(3, 12)[2 * rate : 9 * rate], silence, melody(7, 12)[: 6 * rate]])
    soundfile.write(tmp_path / "audio" / "mixed.wav", mixed, rate)
    store.add(tmp_path / "audio")
    store.embed("dummy", settings={"window_s": 0.5, "bands": 32})
    [group] = store.duplicates(by="segments")
    assert Path(group.members[0].path).name == "mixed.wav"
    found = {Path(m.path).name: ranges(group, m.clip_id) for m in group.members[1:]}
    assert found == {"3.wav": [(2.0, 9.0, 4.0, 11.0)], "7.wav": [(0.0, 6.0, 17.0, 23.0)]}


def test_what_cannot_be_asked(filled: Store) -> None:
    with pytest.raises(UsageError, match="one vector per clip"):
        filled.duplicates(by="segments")
    with pytest.raises(UsageError, match="by='notes' does not exist"):
        filled.duplicates(by="notes")
    with pytest.raises(UsageError, match="verify whole clips"):
        filled.duplicates(by="segments", verify="fingerprint")
