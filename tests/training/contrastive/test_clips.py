from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import UsageError
from echodex.schemas.clip import Source
from echodex.training.contrastive.clips import contrastive_splits, measured_clips, pair_loader, teachers_of
from echodex.training.contrastive.config import ClmrTraining
from echodex.training.labels import read_labels
from echodex.training.splits import read_splits

Make = Callable[..., ClmrTraining]


def test_labelled_clips_are_split_as_a_probe_splits_them(kinds_store: Store, tiny: Make) -> None:
    splits = contrastive_splits(kinds_store, tiny())
    expected = read_splits(kinds_store, read_labels(kinds_store), tiny().seed)
    assert splits.clip_ids.tolist() == expected.clip_ids.tolist()
    assert splits.names.tolist() == expected.names.tolist()
    assert splits.drawn == expected.drawn


def test_the_split_column_is_kept_to_and_clips_without_teach(new_store: Callable[..., Store], tiny: Make) -> None:
    store = new_store([["low"], ["high"], [], [], ["low"], []], ["train", "valid", "test", "", "test", "train"])
    splits = contrastive_splits(store, tiny())
    said = store.clips(["clip_id", "split"])
    given = dict(zip(said.column(0).to_pylist(), said.column(1).to_pylist(), strict=True))
    found = dict(zip(splits.clip_ids.tolist(), splits.names.tolist(), strict=True))
    assert found == {clip_id: split or "train" for clip_id, split in given.items()}


def unlabelled(folder: Path, make_wav: Callable[..., Path], count: int) -> Store:
    store = Store.open(folder / "library")
    store.add_sources([Source(str(make_wav(f"{number}.wav", seed=number))) for number in range(count)])
    return store


def test_without_labels_and_splits_some_clips_are_kept_out(
    tmp_path: Path, make_wav: Callable[..., Path], tiny: Make
) -> None:
    store = unlabelled(tmp_path, make_wav, 20)
    splits = contrastive_splits(store, tiny())
    assert (len(splits.ids("train")), len(splits.ids("valid")), splits.drawn) == (17, 3, ("valid",))
    few = contrastive_splits(store, tiny(monitor_clips=2))
    assert set(few.ids("valid")) < set(splits.ids("valid"))
    assert measured_clips(store, splits, tiny(monitor_clips=2)) == few.ids("valid")


def test_too_few_clips_are_said(kinds_store: Store, tmp_path: Path, make_wav: Callable[..., Path], tiny: Make) -> None:
    with pytest.raises(UsageError, match="keeps 48 train clips, fewer than a batch of 49"):
        teachers_of(kinds_store, "all", contrastive_splits(kinds_store, tiny()), tiny(batch_size=49))
    store = unlabelled(tmp_path, make_wav, 8)  # one of which is valid, and has nothing to be compared with
    with pytest.raises(UsageError, match="too few clips to leave two out"):
        measured_clips(store, contrastive_splits(store, tiny()), tiny())


def test_two_crops_of_each_teacher_in_full_batches(kinds_store: Store, tiny: Make) -> None:
    config = tiny(batch_size=20)
    teachers = teachers_of(kinds_store, "all", contrastive_splits(kinds_store, config), config)
    batches = list(pair_loader(kinds_store, "all", teachers, config, teaches=True))
    assert [tuple(batch.inputs.shape) for batch in batches] == [(20, 2, 59_049)] * 2
    seen = [clip_id for batch in batches for clip_id in batch.clip_ids]
    assert len(set(seen)) == 40
    assert set(seen) < set(teachers)


def test_processes_share_the_teachers(kinds_store: Store, tiny: Make) -> None:
    config = tiny(batch_size=12, devices=2)
    teachers = teachers_of(kinds_store, "all", contrastive_splits(kinds_store, config), config)
    shares = [
        [
            clip_id
            for batch in pair_loader(kinds_store, "all", teachers, config, rank=rank, teaches=True)
            for clip_id in batch.clip_ids
        ]
        for rank in range(2)
    ]
    assert sorted(np.concatenate(shares).tolist()) == teachers
