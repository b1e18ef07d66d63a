from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from echodex.api import Store
from echodex.errors import BadInput, NotFound, UsageError
from echodex.training.labels import read_labels
from echodex.training.loader import Batch, ViewLoader, view_loader


def same(a: list[Batch], b: list[Batch]) -> bool:
    return len(a) == len(b) and all(
        torch.equal(x.inputs, y.inputs) and torch.equal(x.targets, y.targets) and list(x.clip_ids) == list(y.clip_ids)
        for x, y in zip(a, b, strict=True)
    )


def ids_of(batches: list[Batch]) -> list[str]:
    return [clip_id for batch in batches for clip_id in batch.clip_ids]


def test_vectors_targets_and_ids_belong_together(kinds_store: Store) -> None:
    loader = view_loader(kinds_store, batch_size=10)
    batches = list(loader)
    vectors, labels = kinds_store.vectors(), read_labels(kinds_store)
    assert (len(loader), [len(batch.clip_ids) for batch in batches]) == (8, [10] * 7 + [2])
    assert sorted(ids_of(batches)) == vectors.clip_ids == loader.clip_ids
    for batch in batches:
        rows = [vectors.positions()[clip_id] for clip_id in batch.clip_ids]
        assert np.array_equal(batch.inputs.numpy(), vectors.matrix[rows])
        assert np.array_equal(batch.targets.numpy(), labels.targets(batch.clip_ids))
    assert loader.classes == ("high", "low", "noise")


def test_a_new_order_every_epoch_and_the_same_next_time(kinds_store: Store) -> None:
    loader, again = (view_loader(kinds_store, batch_size=16, seed=3) for _ in range(2))
    first, second = list(loader), list(loader)
    assert ids_of(first) != ids_of(second)
    assert same(list(again), first)
    again.set_epoch(1)
    assert same(list(again), second)


def test_crops_are_pieces_of_the_files(kinds_store: Store) -> None:
    loader = view_loader(kinds_store, batch_size=24, seconds=0.1, sample_rate_hz=8000)
    first, second = list(loader), list(loader)
    places: dict[str, set[int]] = {}
    for batch in first + second:
        assert batch.inputs.shape == (24, 800)
        for clip, crop in zip(kinds_store.sources(batch.clip_ids), batch.inputs.numpy(), strict=True):
            whole = soundfile.read(clip.path, dtype="float32")[0]
            starts = [start for start in range(1201) if np.array_equal(whole[start : start + 800], crop)]
            places.setdefault(clip.clip_id, set()).update(starts)
    assert len(places) == 72
    assert all(places.values())
    assert sum(len(starts) == 2 for starts in places.values()) > 60
    assert min(min(starts) for starts in places.values()) < 100 < 1100 < max(max(starts) for starts in places.values())


@pytest.mark.parametrize("pad", ["repeat", "zero"])
def test_short_clips_are_filled_up(kinds_store: Store, pad: str) -> None:
    (batch,) = view_loader(kinds_store, batch_size=72, seconds=0.6, sample_rate_hz=8000, pad=pad)
    for clip, crop in zip(kinds_store.sources(batch.clip_ids), batch.inputs.numpy(), strict=True):
        whole = soundfile.read(clip.path, dtype="float32")[0]
        rest = [whole, whole[:800]] if pad == "repeat" else [np.zeros(2800, np.float32)]
        assert np.array_equal(crop, np.concatenate([whole, *rest]))


def test_crops_of_a_clip_are_the_same_in_every_view_and_batch(kinds_store: Store) -> None:
    big, small = (view_loader(kinds_store, batch_size=n, seconds=0.1, seed=5) for n in (72, 7))
    crops = [
        {
            clip: crop.tobytes()
            for batch in loader
            for clip, crop in zip(batch.clip_ids, batch.inputs.numpy(), strict=True)
        }
        for loader in (big, small)
    ]
    assert crops[0] == crops[1]


@pytest.mark.parametrize("seconds", [None, 0.05])
def test_some_clips_of_a_view(kinds_store: Store, seconds: float | None) -> None:
    whole = {
        clip_id: row
        for batch in view_loader(kinds_store, batch_size=20, seconds=seconds)
        for clip_id, row in zip(batch.clip_ids, batch.inputs, strict=True)
    }
    wanted = sorted(whole)[3:40:3]
    some = view_loader(kinds_store, batch_size=5, seconds=seconds, clip_ids=[*reversed(wanted), "of another store"])
    batches = list(some)
    assert some.clip_ids == wanted
    assert sorted(ids_of(batches)) == wanted
    assert all(
        torch.equal(row, whole[clip_id])
        for batch in batches
        for clip_id, row in zip(batch.clip_ids, batch.inputs, strict=True)
    )
    with pytest.raises(UsageError, match="no clip"):
        view_loader(kinds_store, batch_size=5, seconds=seconds, clip_ids=[])


@pytest.mark.parametrize("seconds", [None, 0.05])
def test_gone_on_from_any_batch(kinds_store: Store, seconds: float | None) -> None:
    """Three epochs of four batches; stopped after each number of batches, the rest of the epoch is the same."""

    def make() -> ViewLoader:
        return view_loader(kinds_store, batch_size=20, seconds=seconds, seed=1)

    loader = make()
    whole = list(loader) + list(loader) + list(loader)
    for consumed in range(8):
        stopped, after = make(), make()
        for _ in range(consumed // 4):
            list(stopped)
        list(itertools.islice(stopped, consumed % 4))
        after.load_state_dict(stopped.state_dict())
        assert same(list(after), whole[consumed : consumed // 4 * 4 + 4])
        assert same(list(after), whole[consumed // 4 * 4 + 4 :][:4])


def test_a_state_of_another_loader(kinds_store: Store) -> None:
    state = view_loader(kinds_store, batch_size=20).state_dict()
    for other in ({"batch_size": 10}, {"batch_size": 20, "seed": 1}, {"batch_size": 20, "rank": 1, "world_size": 2}):
        with pytest.raises(UsageError, match="another view, seed"):
            view_loader(kinds_store, **other).load_state_dict(state)  # type: ignore[arg-type]


@pytest.mark.parametrize("drop", [False, True])
def test_ranks_get_as_many_batches(kinds_store: Store, drop: bool) -> None:
    parts = [list(view_loader(kinds_store, batch_size=5, rank=rank, world_size=5, drop_last=drop)) for rank in range(5)]
    assert {tuple(len(batch.clip_ids) for batch in part) for part in parts} == ({(5, 5)} if drop else {(5, 5, 5)})
    seen = [clip_id for part in parts for clip_id in ids_of(part)]
    assert len(set(seen)) == (50 if drop else 72)


def test_unreadable_audio_is_skipped_and_counted(new_store: Callable[..., Store]) -> None:
    store = new_store([["low"]] * 6)
    clips = store.sources(store.clips(["clip_id"]).column(0).to_pylist())
    Path(clips[0].path).unlink()
    Path(clips[1].path).write_bytes(b"something else")
    loader = view_loader(store, batch_size=3, seconds=0.1)
    batches = list(loader)
    assert set(loader.skipped) == {clips[0].clip_id, clips[1].clip_id}
    assert "has changed" in loader.skipped[clips[1].clip_id]
    assert sorted(ids_of(batches)) == sorted(clip.clip_id for clip in clips[2:])
    assert sum(len(batch.skipped) for batch in batches) == 2
    assert all(len(batch.inputs) == len(batch.targets) == len(batch.clip_ids) for batch in batches)
    with pytest.raises(BadInput, match="a clip cannot be read"):
        list(view_loader(store, batch_size=3, seconds=0.1, strict=True))
    for clip in clips[2:]:
        Path(clip.path).unlink()
    with pytest.raises(BadInput, match="every clip of a batch"):
        list(view_loader(store, batch_size=3, seconds=0.1))


def test_targets(new_store: Callable[..., Store]) -> None:
    store = new_store([["low", "tone"], [], ["noise"]], ["train", "train", "test"])
    (several,) = view_loader(store, batch_size=3)
    assert (several.targets.shape, several.targets.dtype) == ((3, 3), torch.float32)
    (one,) = view_loader(store, batch_size=3, labels="split")
    assert (sorted(one.targets.tolist()), one.targets.dtype) == ([0, 1, 1], torch.int64)
    (none,) = view_loader(store, batch_size=3, labels=None)
    assert none.targets.shape == (3, 0)
    with pytest.raises(NotFound, match="artist"):
        view_loader(store, batch_size=3, labels="artist")


def test_a_store_without_labels(store: Store, make_wav: Callable[..., Path]) -> None:
    store.add(str(make_wav()))
    (batch,) = view_loader(store, batch_size=3, seconds=0.1)
    assert batch.targets.shape == (1, 0)


def test_impossible_loaders(store: Store, kinds_store: Store) -> None:
    with pytest.raises(UsageError, match="no clip"):
        view_loader(store, batch_size=3, seconds=1.0)
    with pytest.raises(UsageError, match="no sample"):
        view_loader(kinds_store, batch_size=3, seconds=0.0)
    with pytest.raises(UsageError, match="silence"):
        view_loader(kinds_store, batch_size=3, seconds=0.1, pad="silence")
    with pytest.raises(NotFound, match="lean"):
        view_loader(kinds_store, "lean", batch_size=3)


def test_workers_load_the_same_batches(kinds_store: Store) -> None:
    """Two workers, over two epochs, then from the middle of the second."""
    alone = view_loader(kinds_store, batch_size=10, seconds=0.05, seed=2)
    shared = view_loader(kinds_store, batch_size=10, seconds=0.05, seed=2, workers=2)
    first, second = list(alone), list(alone)
    assert same(list(shared), first)
    assert same(list(shared), second)
    shared.load_state_dict({**shared.state_dict(), "epoch": 1, "batches": 3})
    assert same(list(shared), second[3:])


@pytest.mark.slow
def test_workers_share_the_vectors(kinds_store: Store) -> None:
    alone, shared = (view_loader(kinds_store, batch_size=10, seed=2, workers=workers) for workers in (0, 2))
    assert same(list(shared), list(alone))
    assert len(list(kinds_store.folder("cache").glob("*.f32"))) == 1
    del shared
    assert not list(kinds_store.folder("cache").glob("*.f32"))
