from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from echodex.api import Store
from echodex.audio.clip import read_mono
from echodex.encoders.fingerprint.config import PRESETS
from echodex.encoders.fingerprint.encoder import segment_count
from echodex.schemas.clip import Clip
from echodex.store.waveforms import open_waveforms
from echodex.training.fingerprint.pairs import PairPlan, PairReader
from echodex.training.pieces import PieceReader

RATE_HZ, SEGMENT, HOP, OFFSET = 8000, 8000, 4000, 1600


def plan(**others: Any) -> PairPlan:
    settings: dict[str, Any] = {"anchors": 0, "replicas": 1, "offset": OFFSET, "context": 0, "seed": 7}
    return PairPlan(PRESETS["small"], **{**settings, **others})


@pytest.fixture
def clips(tunes: Store) -> list[Clip]:
    return tunes.sources(tunes.clips(["clip_id"]).column(0).to_pylist())


def reader(store: Store, clips: list[Clip], plan: PairPlan) -> PairReader:
    waveforms = open_waveforms(store.tables, RATE_HZ, [clip.clip_id for clip in clips])
    return PairReader(PieceReader(clips, RATE_HZ, waveforms), plan.examples(clips), plan)


def test_all_segments_of_a_clip_are_anchors_or_as_many_as_asked_for(clips: list[Clip]) -> None:
    assert len(plan().examples(clips)) == 12 * 3
    assert len(plan(anchors=2).examples(clips)) == 12 * 2
    assert len(plan(anchors=100).examples(clips)) == 12 * 3


def test_each_anchor_of_an_epoch_is_another_segment(clips: list[Clip]) -> None:
    still = plan(offset=0)
    for epoch in range(3):
        assert sorted(still.starts(clips[0], number, epoch)[0] for number in range(3)) == [0, HOP, 2 * HOP]
    orders = {tuple(still.starts(clips[0], number, epoch)[0] for number in range(3)) for epoch in range(20)}
    assert len(orders) > 3


@given(epoch=st.integers(0, 50), number=st.integers(0, 2), offset=st.integers(0, OFFSET), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_offsets_keep_their_bounds_and_the_clip(epoch: int, number: int, offset: int, seed: int) -> None:
    clip = Clip("a", "", 0.0, 2.3, 0, 0)
    moved, still = plan(offset=offset, seed=seed, replicas=3), plan(offset=0, seed=seed)
    anchor, *replicas = moved.starts(clip, number, epoch)
    assert abs(anchor - still.starts(clip, number, epoch)[0]) <= offset
    assert all(abs(replica - anchor) <= offset for replica in replicas)
    assert all(0 <= start <= 2.3 * RATE_HZ - SEGMENT for start in (anchor, *replicas))


def test_offsets_are_even_and_change_with_epoch_clip_and_segment(clips: list[Clip]) -> None:
    long = [Clip(**{**vars(clip), "duration_s": 60.0}) for clip in clips]
    still, moved = plan(offset=0), plan()
    found = np.array(
        [
            (anchor - still.starts(clip, number, epoch)[0], replica - anchor)
            for clip in long
            for number in range(10)
            for epoch in range(8)
            for anchor, replica in [moved.starts(clip, number, epoch)]
            if 0 < anchor < 59 * RATE_HZ
        ]
    )
    assert len(np.unique(found[:, 0])) > 600
    for column in found.T:
        assert np.abs(column).max() <= OFFSET
        assert abs(column.mean()) < 100
        assert column.std() == pytest.approx(OFFSET / np.sqrt(3), rel=0.05)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.1


def test_what_is_measured_stands_on_the_grid_and_is_recorded_as_a_whole(clips: list[Clip]) -> None:
    fixed = plan(drawn=False)
    long = Clip(**{**vars(clips[0]), "duration_s": 10.0})
    starts = np.array([fixed.starts(long, number, 0) for number in range(1, 10)])
    assert starts[:, 0].tolist() == [number * HOP for number in range(1, 10)]
    assert len(np.unique(starts[:, 1] - starts[:, 0])) == 1


def test_pieces_are_what_the_file_holds_with_zeros_before_its_start(tunes: Store, clips: list[Clip]) -> None:
    wanted = plan(context=3000, replicas=2)
    fetched = reader(tunes, clips, wanted).fetch(np.arange(36), 4)
    assert fetched.inputs.shape == (36, 3, 11_000)
    for row, example in enumerate(wanted.examples(clips)):
        whole = np.pad(read_mono(clips[example.row].path, RATE_HZ), (3000, 0))
        for found, start in zip(fetched.inputs[row], wanted.starts(clips[example.row], example.number, 4), strict=True):
            np.testing.assert_allclose(found.numpy(), whole[start : start + 11_000], atol=1e-6)


def test_the_table_of_waveforms_gives_the_same(tunes: Store, clips: list[Clip]) -> None:
    wanted = plan(context=2000)
    rows = np.array([5, 0, 35, 17, 5])
    files = reader(tunes, clips, wanted).fetch(rows, 1).inputs
    tunes.materialise(sample_rate_hz=RATE_HZ)
    assert torch.equal(reader(tunes, clips, wanted).fetch(rows, 1).inputs, files)


def test_a_clip_shorter_than_a_segment_is_followed_by_zeros(tunes: Store, clips: list[Clip]) -> None:
    short = Clip(**{**vars(clips[0]), "duration_s": 0.5})
    assert segment_count(4000, PRESETS["small"]) == 1
    found = reader(tunes, [short], plan()).fetch(np.zeros(1, np.int64), 0).inputs[0, 0].numpy()
    np.testing.assert_allclose(found[:4000], read_mono(short.path, RATE_HZ)[:4000], atol=1e-6)
    assert not found[4000:].any()


def test_what_cannot_be_read_is_named(tunes: Store, clips: list[Clip]) -> None:
    Path(clips[3].path).unlink()
    fetched = reader(tunes, clips, plan()).fetch(np.array([0, 9, 10, 35]), 0)  # 9 and 10 are of clip 3
    assert list(fetched.skipped) == [clips[3].clip_id]
    assert fetched.rows.tolist() == [0, 35]
    assert fetched.inputs.shape == (2, 2, SEGMENT)
