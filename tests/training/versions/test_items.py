from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest
import torch

from echodex.encoders.versions.config import PRESETS
from echodex.training.shards import Shard
from echodex.training.versions.items import ItemPlan, ItemReader, shingles
from echodex.training.versions.loaders import item_loader
from echodex.training.versions.works import Works

from .conftest import BINS, HeldFrames, some_works


def plan(works: Works, versions: int = 4, crop: int = 20, drawn: bool = True) -> ItemPlan:
    return ItemPlan(works, versions, crop, seed=3, drawn=drawn)


def test_an_item_is_an_anchor_and_others_of_its_work() -> None:
    works = some_works(3, 5)
    for epoch in range(3):
        for row in range(len(works)):
            clips = plan(works).clips(row, epoch)
            assert clips[0] == row
            assert len(set(clips)) == 4
            assert {works.works[clip] for clip in clips} == {works.works[row]}
    assert plan(works).clips(0, 0) == plan(works).clips(0, 0)
    assert len({tuple(plan(works).clips(0, epoch)) for epoch in range(20)}) > 10


def test_too_few_versions_come_again_in_turns() -> None:
    works = some_works(2, 3)
    clips = plan(works, versions=6).clips(4, 0)
    assert Counter(clips[1:]) in (Counter({3: 3, 5: 2}), Counter({3: 2, 5: 3}))
    assert clips[1:3] == clips[3:5]


def test_excerpts_of_the_anchors_own_file_are_no_other_version() -> None:
    works = Works(["a", "b", "c"], np.zeros(3, np.int64), np.array([0, 0, 1]), 0)
    assert plan(works, versions=3).clips(0, 0) == [0, 2, 2]
    assert sorted(plan(works, versions=3).clips(2, 0)) == [0, 1, 2]


def test_pieces_lie_within_a_clip_and_begin_anywhere() -> None:
    works = some_works()
    starts = [plan(works).start(0, 0, 0, 30, epoch) for epoch in range(300)]
    assert (min(starts), max(starts)) == (0, 10)
    assert set(starts) == set(range(11))
    assert {plan(works).start(0, 0, 0, 20, epoch) for epoch in range(20)} == {0}
    assert {plan(works).start(0, 0, 0, 3, epoch) for epoch in range(50)} == {0, 1, 2}  # repeated from anywhere on
    assert plan(works, drawn=False).start(0, 0, 0, 30, 7) == 0


def test_what_is_read_is_the_frames_of_those_clips() -> None:
    works = some_works()
    frames, items = HeldFrames(works), plan(works, versions=3, crop=40)
    found = ItemReader(frames, items).fetch(np.array([7, 2]), epoch=1)
    assert found.inputs.shape == (2, 3, 40, BINS)
    for row, pieces in zip((7, 2), found.inputs.numpy(), strict=True):
        for place, (clip, piece) in enumerate(zip(items.clips(row, 1), pieces, strict=True)):
            length = int(frames.lengths[clip])
            start = items.start(row, place, clip, length, 1)
            expected = [frames.clips[clip][(start + frame) % length] for frame in range(40)]
            np.testing.assert_array_equal(piece, expected)


@pytest.mark.parametrize(("crop", "hop", "count"), [(1500, 200, 8), (1500, 100, 14), (200, 200, 1), (90, 200, 1)])
def test_the_published_number_of_segments(crop: int, hop: int, count: int) -> None:
    """Eight each 20 s, and fourteen each 10 s, in 150 s; the last goes on with the beginning."""
    size = PRESETS["dvi"].frames
    pieces = torch.arange(crop, dtype=torch.float32)[None, :, None].expand(1, crop, 2)
    found = shingles(pieces, size, hop)
    assert found.shape == (1, count, 2, size)
    for place, segment in enumerate(found[0, :, 1]):
        assert segment.tolist() == [(place * hop + frame) % crop for frame in range(size)]


def test_an_epoch_visits_every_version_once_and_says_what_each_is_of() -> None:
    works = some_works(5, 3)
    loader = item_loader(HeldFrames(works), plan(works, versions=2), Shard(4))
    for epoch in range(2):
        names: list[str] = []
        for batch in loader.loader:
            items = loader.items(batch.inputs, list(batch.clip_ids), epoch)
            assert items.works.shape == items.tracks.shape == batch.inputs.shape[:2]
            assert torch.equal(items.works[:, 0], items.works[:, 1])
            assert not bool((items.tracks[:, 0] == items.tracks[:, 1]).any())
            for name, work in zip(batch.clip_ids, items.works[:, 0].tolist(), strict=True):
                assert works.works[works.place[name]] == work
            names += list(batch.clip_ids)
        assert sorted(names) == works.clip_ids


def test_a_reader_travels_to_workers() -> None:
    works = some_works()
    reader = ItemReader(HeldFrames(works), plan(works))
    again = pickle.loads(pickle.dumps(reader))
    rows = np.array([3, 1])
    assert torch.equal(again.fetch(rows, 2).inputs, reader.fetch(rows, 2).inputs)
