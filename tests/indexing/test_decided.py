"""`duplicates` heeds what people decided, whichever way it compares clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from echodex.api import Store
from echodex.indexing.groups.distinct import UnbarredPairs, distinct_among, matches, rows_among
from echodex.indexing.groups.pairs import near_pairs
from echodex.indexing.groups.stars import stars_of
from echodex.schemas.hit import DuplicateGroup

Matrix = NDArray[np.float32]
AddVectors = Callable[..., list[str]]
RATE = 8000


def groups_of(groups: list[DuplicateGroup]) -> list[list[str]]:
    return [[member.clip_id for member in group.members] for group in groups]


@pytest.fixture
def three(store: Store, add_vectors: AddVectors) -> tuple[Store, list[str]]:
    """Three clips of one vector, and seven others."""
    rows = np.random.default_rng(0).normal(size=(8, 16))
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    ids = add_vectors(store, np.concatenate([matrix[[0, 0, 0]], matrix[1:]]))
    return store, ids[:3]


def test_distinct_clips_are_no_member_and_representative(three: tuple[Store, list[str]]) -> None:
    store, clips = three
    assert groups_of(store.duplicates()) == [sorted(clips)]
    first, second, third = sorted(clips)
    made = store.decide("distinct", first, second)
    assert groups_of(store.duplicates()) == [[first, third]]
    store.decide("distinct", first, third)
    assert groups_of(store.duplicates()) == [[second, third]]
    store.decide("distinct", third, second)
    assert store.duplicates() == []
    store.undo_decision(made.decision_id)
    assert groups_of(store.duplicates()) == [[first, second]]


def test_the_chosen_clip_comes_first(three: tuple[Store, list[str]]) -> None:
    store, clips = three
    for clip in clips:
        made = store.decide("representative", clip)
        assert groups_of(store.duplicates()) == [[clip, *sorted(set(clips) - {clip})]]
        store.undo_decision(made.decision_id)
    store.decide("representative", max(clips))
    assert store.duplicates(where=f"clip_id != '{max(clips)}'")[0].representative == min(clips)


def test_the_last_that_was_chosen_comes_first_and_a_pinned_clip_before_it(three: tuple[Store, list[str]]) -> None:
    store, clips = three
    for clip in [*clips, clips[0]]:
        store.decide("representative", clip)
        assert store.duplicates()[0].representative == clip
    store.decide("pin", clips[1])
    assert store.duplicates()[0].representative == clips[1], "as `prune` has it"
    store.decide("pin", clips[0])
    assert store.duplicates()[0].representative == clips[0], "of two that are pinned, the chosen one"
    assert store.duplicates(decisions=False)[0].representative == min(clips)


def test_decisions_can_be_passed_over(three: tuple[Store, list[str]]) -> None:
    store, clips = three
    first, second, third = sorted(clips)
    store.decide("distinct", first, second)
    store.decide("distinct", third, second)
    assert groups_of(store.duplicates()) == [[first, third]]
    assert groups_of(store.duplicates(decisions=False)) == [sorted(clips)]


def test_waveforms_of_distinct_clips_are_not_compared(store: Store, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    noise = 0.2 * np.random.default_rng(1).standard_normal(3 * RATE)
    for name, gain in (("a", 1.0), ("b", 0.5), ("c", 0.25)):
        soundfile.write(tmp_path / "audio" / f"{name}.wav", gain * noise, RATE, subtype="PCM_24")
    store.add(tmp_path / "audio")
    store.embed("dummy")
    clips = store.clips(["clip_id"]).column(0).to_pylist()
    (before,) = groups_of(store.duplicates(verify="audio"))
    assert sorted(before) == clips
    store.decide("representative", before[2])
    assert groups_of(store.duplicates(verify="audio"))[0][0] == before[2]
    store.decide("distinct", before[2], before[0])
    (after,) = groups_of(store.duplicates(verify="audio"))
    assert after == [before[2], before[1]]


def test_clips_that_share_segments(store: Store, add_vectors: AddVectors) -> None:
    random = np.random.default_rng(3)
    clips = random.normal(size=(60, 30, 32))
    for number in (1, 2, 3):
        clips[number] = clips[0] + 0.05 * random.normal(size=clips[0].shape)
    clips = (clips / np.linalg.norm(clips, axis=2, keepdims=True)).astype(np.float32)
    ids = add_vectors(store, clips.reshape(-1, 32), segments=30)
    (before,) = groups_of(store.duplicates(by="segments"))
    assert sorted(before) == sorted(ids[:4])
    store.decide("representative", before[3])
    (chosen,) = store.duplicates(by="segments")
    assert groups_of(store.duplicates(by="segments", decisions=False)) == [before]
    assert chosen.representative == before[3]
    assert all(member.stretches for member in chosen.members[1:])
    store.decide("distinct", before[0], before[3])
    found = groups_of(store.duplicates(by="segments"))
    assert {frozenset({group[0], other}) for group in found for other in group[1:]} == {
        frozenset({before[3], before[1]}),
        frozenset({before[3], before[2]}),
        frozenset({before[0], before[1]}),
        frozenset({before[0], before[2]}),
    }


ids = [f"c{row:02}" for row in range(0, 24, 2)]
names = st.sampled_from([*ids, "c01", "a", "z"])


@given(seed=st.integers(0, 99), pairs=st.lists(st.tuples(names, names).filter(lambda p: p[0] != p[1]), max_size=30))
def test_distinct_pairs_never_share_a_star(seed: int, pairs: list[tuple[str, str]]) -> None:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(3, 5))[random.integers(3, size=len(ids))] + 0.05 * random.normal(size=(len(ids), 5))
    matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    near, distinct = near_pairs(matrix, 0.95), distinct_among(ids, pairs)
    said = {frozenset(pair) for pair in pairs if set(pair) <= set(ids)}
    assert (distinct is None) == (not said)
    stars = stars_of(matrix, near if distinct is None else UnbarredPairs(near, distinct))
    taken = {ids[row] for star in stars for row in star}
    heads = {ids[star[0]] for star in stars} | (set(ids) - taken)
    assert not {frozenset({ids[star[0]], ids[row]}) for star in stars for row in star[1:]} & said
    for one, other in ((a, b) for a in heads for b in heads if a < b):
        cosine = float(matrix[ids.index(one)] @ matrix[ids.index(other)])
        assert cosine < 0.95 or frozenset({one, other}) in said


@given(wanted=st.lists(names, max_size=8))
def test_rows_among(wanted: list[str]) -> None:
    assert rows_among(ids, wanted).tolist() == [ids.index(name) if name in ids else -1 for name in wanted]
    assert rows_among([], wanted).tolist() == [-1] * len(wanted)


@given(keys=st.lists(st.integers(-1, 5), max_size=8), values=st.lists(st.integers(0, 5), max_size=8).map(sorted))
def test_matches(keys: list[int], values: list[int]) -> None:
    one, other = matches(np.array(keys, dtype=np.int64), np.array(values, dtype=np.int64))
    expected = [(a, b) for a in range(len(keys)) for b in range(len(values)) if keys[a] == values[b]]
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == expected
