"""What training hears of a clip, as a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from echodex.api import Store
from echodex.audio.augment.clmr import TransformsConfig, clmr_chain
from echodex.audio.augment.rng import BatchRng, row_seeds
from echodex.audio.clip import read_mono
from echodex.errors import BadInput, NotFound, UsageError
from echodex.training.audition import SYNTHETIC
from echodex.training.fingerprint.clips import pair_plan
from echodex.training.fingerprint.config import FingerprintTraining
from echodex.training.fingerprint.pairs import PairReader, example_names
from echodex.training.fingerprint.pools import read_pools
from echodex.training.fingerprint.replicas import Shown
from echodex.training.pieces import PieceReader

RATE, SAMPLES = 22_050, 59_049
MakeWav = Callable[..., Path]


@pytest.fixture
def song(make_wav: MakeWav, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A clip of four seconds, in the store; the current folder is an empty one."""
    path = make_wav("song.wav", seconds=4.0, rate_hz=RATE)
    store.add(path)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return path


def read(path: str | Path) -> np.ndarray:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    assert (rate_hz, samples.shape) == (RATE, (SAMPLES,))
    return np.asarray(samples)


def test_a_plain_crop_is_a_piece_of_the_clip(store: Store, song: Path) -> None:
    heard = store.play(song, seed=3, epoch=1)
    assert heard.path == "song.plain-3-1.wav"
    assert (heard.source, heard.seconds) == (str(song), SAMPLES / RATE)
    start = round(heard.start_s * RATE)
    expected = read_mono(song, RATE)[start : start + SAMPLES]
    np.testing.assert_array_equal(read(heard.path), expected)
    assert heard.peak == np.abs(expected).max()
    assert store.play(song, seed=3, epoch=2).start_s != heard.start_s


def test_the_augmented_crop_is_the_chain_on_the_plain_one(store: Store, song: Path) -> None:
    plain, heard = store.play(song, epoch=5), store.play(song, augment="clmr", epoch=5)
    assert heard.path == "song.clmr-42-5.wav"
    chain = clmr_chain(TransformsConfig(), RATE)
    crop = torch.from_numpy(read(plain.path))[None]
    expected = chain(crop, BatchRng(row_seeds(42, 5, [plain.clip_id])))[0]
    np.testing.assert_allclose(read(heard.path), expected, atol=1e-6)
    assert not np.array_equal(read(heard.path), read(plain.path))


def test_a_replica_is_what_the_training_of_fingerprints_makes(store: Store, song: Path) -> None:
    heard = store.play(song, augment="fingerprint", seed=7, epoch=3)
    assert (heard.path, heard.seconds) == ("song.fingerprint-7-3.wav", 1.0)
    samples, rate_hz = soundfile.read(heard.path, dtype="float32")
    assert (rate_hz, samples.shape) == (8000, (8000,))
    config, clips = FingerprintTraining(seed=7, synthetic=SYNTHETIC), store.sources([heard.clip_id])
    plan = pair_plan(config, config.anchors_per_clip, drawn=True)
    examples = plan.examples(clips)
    reader = PairReader(PieceReader(clips, 8000, None), examples, plan)
    pairs = reader.fetch(np.arange(len(examples)), 3).inputs
    waveforms: Any = torch.nn.Identity()  # in the place of mel spectrograms
    shown = Shown(config, read_pools(config), waveforms, torch.device("cpu"))
    batch = shown(pairs, example_names(clips, examples), 3, masked=False)
    np.testing.assert_allclose(samples, batch[0, 1], atol=1e-6)
    start, plain = round(heard.start_s * 8000), read_mono(song, 8000)
    np.testing.assert_allclose(pairs[0, 1, config.context_samples :], plain[start : start + 8000], atol=1e-6)


def test_the_same_again_replaces_its_own_file(store: Store, song: Path) -> None:
    first = Path(store.play(song, augment="clmr").path).read_bytes()
    assert Path(store.play(song, augment="clmr").path).read_bytes() == first
    assert len(list(Path().iterdir())) == 1


def test_a_named_file_is_written_once(store: Store, song: Path, tmp_path: Path) -> None:
    clip_id = store.clips(["clip_id"]).column(0)[0].as_py()
    heard = store.play(clip_id, out=tmp_path / "out" / "mine.wav")
    assert heard.clip_id == clip_id
    read(tmp_path / "out" / "mine.wav")
    before = song.read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        store.play(clip_id, out=song)
    assert song.read_bytes() == before


def test_a_short_clip_is_repeated(store: Store, make_wav: MakeWav, tmp_path: Path) -> None:
    path = make_wav("short.wav", seed=1, seconds=1.0, rate_hz=RATE)
    store.add(path)
    heard = read(store.play(path, out=tmp_path / "short-out.wav").path)
    np.testing.assert_array_equal(heard[RATE : 2 * RATE], heard[:RATE])


def test_what_is_not_there_is_said(store: Store, song: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="neither a usable clip"):
        store.play("no-such-clip")
    with pytest.raises(UsageError, match="'loud' does not exist"):
        store.play(song, augment="loud")
    song.write_bytes(song.read_bytes() + b"more")
    with pytest.raises(BadInput, match="has changed since it was added"):
        store.play(song)
    song.unlink()
    with pytest.raises(BadInput):
        store.play(song)
    assert list(Path().iterdir()) == []
