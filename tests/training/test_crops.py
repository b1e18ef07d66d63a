"""Crops from the table of waveforms and from the files: the same pieces of the same clips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from echodex.api import Store
from echodex.audio.clip import read_mono
from echodex.errors import UsageError
from echodex.schemas.clip import Source
from echodex.training.loader import Batch, ViewLoader, view_loader

HALF_A_STEP = 2.0**-16
NewStore = Callable[..., Store]


def loader(store: Store, view: str = "all", **settings: Any) -> ViewLoader:
    said = {"batch_size": 7, "seconds": 0.1, "sample_rate_hz": 8000, "seed": 3, **settings}
    return view_loader(store, view, **said)


def epoch(store: Store, view: str = "all", **settings: Any) -> list[Batch]:
    return list(loader(store, view, **settings))


def differences(ours: list[Batch], theirs: list[Batch]) -> float:
    """The largest difference between the crops of two epochs, whose clips must be the same ones in the same order."""
    assert [list(batch.clip_ids) for batch in ours] == [list(batch.clip_ids) for batch in theirs]
    assert all(torch.equal(a.targets, b.targets) for a, b in zip(ours, theirs, strict=True))
    return max(float((a.inputs - b.inputs).abs().max()) for a, b in zip(ours, theirs, strict=True))


def music(path: Path, rate_hz: int, seconds: float, channels: int = 1) -> str:
    random = np.random.default_rng(rate_hz)
    soundfile.write(path, random.uniform(-0.4, 0.4, (round(seconds * rate_hz), channels)), rate_hz, subtype="PCM_24")
    return str(path)


@pytest.mark.parametrize("settings", [{}, {"crops": 3}, {"seconds": 0.6}, {"seconds": 0.6, "pad": "zero"}])
def test_files_of_16_bits_at_the_rate_give_the_same_to_the_bit(kinds: Store, settings: dict[str, Any]) -> None:
    files = epoch(kinds, **settings)
    kinds.materialise(sample_rate_hz=8000)
    assert differences(epoch(kinds, **settings), files) == 0.0


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_files_of_any_rate_give_the_same_to_half_a_step(store: Store, tmp_path: Path, rate_hz: int) -> None:
    """Whole files in mono and stereo, and an excerpt that starts at no round place."""
    mono, stereo = music(tmp_path / "mono.wav", rate_hz, 2.3), music(tmp_path / "stereo.flac", rate_hz, 1.7, 2)
    store.add_sources([Source(mono), Source(stereo), Source(mono, 0.31234, 1.41)])
    settings: dict[str, Any] = {"seconds": 0.5, "sample_rate_hz": 22_050, "crops": 4}
    files = epoch(store, **settings)
    store.materialise()
    assert 0 < differences(epoch(store, **settings), files) < 1.02 * HALF_A_STEP


def test_a_crop_is_a_piece_of_the_clip_as_it_sounds_as_a_whole(store: Store, tmp_path: Path) -> None:
    path = music(tmp_path / "long.wav", 44_100, 3.0)
    store.add(path)
    (batch,) = epoch(store, seconds=0.2, sample_rate_hz=22_050, crops=20)
    whole = read_mono(path, 22_050)
    windows = np.lib.stride_tricks.sliding_window_view(whole, 4410)
    starts = [int(np.abs(windows[:, 0] - crop[0]).argmin()) for crop in batch.inputs[0].numpy()]
    assert np.abs(windows[starts] - batch.inputs[0].numpy()).max() < 1e-6
    assert len(set(starts)) == 20


def test_some_clips_from_the_table_the_others_from_their_files(new_store: NewStore) -> None:
    store = new_store([["low"]] * 20)
    files = epoch(store)
    store.prune("random", duplicate_score=0, keep=0.5).save("half")
    half = epoch(store, "half")
    store.materialise(view="half", sample_rate_hz=8000)
    for clip in store.sources(store.clips(["clip_id"], view="half").column(0).to_pylist()):
        Path(clip.path).unlink()
    assert differences(epoch(store), files) == 0.0
    assert differences(epoch(store, "half"), half) == 0.0
    elsewhere = loader(store, sample_rate_hz=4000)  # of another rate nothing was written
    list(elsewhere)
    assert len(elsewhere.skipped) == 10


def test_a_removed_clip_that_a_view_keeps_comes_from_its_file(kinds: Store) -> None:
    kinds.prune("random", duplicate_score=0, keep=0.5).save("half")
    kinds.materialise(sample_rate_hz=8000)
    before = epoch(kinds, "half")
    kinds.remove(kinds.clips(["clip_id"], view="half").column(0).to_pylist()[:5])
    assert differences(epoch(kinds, "half"), before) == 0.0


def test_several_crops_of_a_clip(kinds: Store) -> None:
    one, three = epoch(kinds), epoch(kinds, crops=3)
    assert three[0].inputs.shape == (7, 3, 800)
    for single, several in zip(one, three, strict=True):
        assert torch.equal(several.inputs[:, 0], single.inputs)
        assert not torch.equal(several.inputs[:, 1], single.inputs)
        assert not torch.equal(several.inputs[:, 1], several.inputs[:, 2])
    with pytest.raises(UsageError, match="at least 1"):
        loader(kinds, crops=0)


def test_starts_are_uniform_to_the_last_sample(kinds: Store) -> None:
    """2,000 samples, crops of 1,998: three places, each as likely as the others."""
    (batch,) = epoch(kinds, seconds=1998 / 8000, crops=50, batch_size=72)
    counts = np.zeros(3, int)
    for clip, crops in zip(kinds.sources(batch.clip_ids), batch.inputs.numpy(), strict=True):
        whole = soundfile.read(clip.path, dtype="float32")[0]
        for place in range(3):
            counts[place] += sum(np.array_equal(crop, whole[place : place + 1998]) for crop in crops)
    assert counts.sum() == 72 * 50
    assert np.abs(counts - 1200).max() < 5 * np.sqrt(3600 * 2 / 9)


def test_a_clip_that_cannot_be_read_is_left_out_of_the_batch(new_store: NewStore) -> None:
    store = new_store([["low"]] * 12)
    (whole,) = epoch(store, crops=2, batch_size=12)
    gone = store.sources([whole.clip_ids[7]])[0]
    Path(gone.path).unlink()
    (batch,) = epoch(store, crops=2, batch_size=12)
    assert set(batch.skipped) == {gone.clip_id}
    assert list(batch.clip_ids) == [clip for clip in whole.clip_ids if clip != gone.clip_id]
    assert torch.equal(batch.inputs, torch.cat([whole.inputs[:7], whole.inputs[8:]]))


def test_workers_read_the_same_crops_from_the_table(kinds: Store) -> None:
    kinds.materialise(sample_rate_hz=8000)
    alone, shared = loader(kinds, crops=2), loader(kinds, crops=2, workers=2)
    first, second = list(alone), list(alone)
    assert differences(list(shared), first) == 0.0
    assert differences(list(shared), second) == 0.0
