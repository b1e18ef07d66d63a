"""Frames computed from audio: those that the encoder of versions hears, of every clip once, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from echodex.api import Store
from echodex.audio.clip import read_mono
from echodex.encoders.versions.config import VersionsConfig
from echodex.encoders.versions.cqt import ConstantQ, cqt_kernels
from echodex.errors import BadInput, UsageError
from echodex.progress import silent
from echodex.store.frames.compute import compute_frames, frames_of
from echodex.store.frames.layout import FrameLayout
from echodex.store.frames.table import open_frames
from echodex.store.frames.writing import write_frames

RATE_HZ = 16_000
MakeWav = Callable[..., Path]


def ids(store: Store) -> list[str]:
    found: list[str] = store.clips(["clip_id"]).column(0).to_pylist()
    return found


def tones(path: Path, seconds: float, seed: int) -> Path:
    """Three tones that begin one after the other."""
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    random = np.random.default_rng(seed)
    wave = sum(
        0.2 * np.sin(2 * np.pi * hz * times) * (times >= start)
        for hz, start in zip(random.uniform(60, 2000, 3), (0, seconds / 3, seconds / 2), strict=True)
    )
    soundfile.write(path, wave, RATE_HZ)
    return path


def by_definition(waveform: np.ndarray) -> np.ndarray:
    """Frames by the sum over each kernel, with numpy alone: float64[t, 84]."""
    config = VersionsConfig()
    kernels = cqt_kernels(config)
    half = kernels.shape[1] // 2
    padded = np.pad(waveform.astype(np.float64), half, mode="reflect")
    count = 1 + len(waveform) // config.hop_samples
    heard = np.stack([padded[config.hop_samples * k :][: 2 * half] for k in range(count)])
    magnitudes = np.abs(heard @ kernels.T)
    pooled = count // config.pool
    return np.asarray(magnitudes[: pooled * config.pool].reshape(pooled, config.pool, -1).mean(1))


def test_frames_are_those_of_the_definition(store: Store, tmp_path: Path) -> None:
    store.add(*[tones(tmp_path / f"{seed}.wav", 1.5 + seed, seed) for seed in range(2)])
    report = compute_frames(store, progress=silent)
    assert (report.table, report.written, report.known, report.problems) == ("frames_cqt", 2, 0, [])
    assert report.layout == FrameLayout(84, 0.1, 32.70, 16_000, "computed")
    frames = open_frames(store, "cqt", ids(store))
    assert sorted(frames.lengths.tolist()) == [15, 25]
    assert report.hours == pytest.approx(40 * 0.1 / 3600)
    for index, clip in enumerate(store.sources(ids(store))):
        expected = by_definition(read_mono(clip.path, RATE_HZ))
        found = frames.read(index, 0, 1000)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 1e-3 * expected.max()


def test_again_and_in_parts_nothing_is_done_twice(store: Store, tmp_path: Path) -> None:
    store.add(*[tones(tmp_path / f"{seed}.wav", 1.0, seed) for seed in range(3)])
    one = ids(store)[1]
    assert compute_frames(store, where=f"clip_id = '{one}'", progress=silent).written == 1
    report = compute_frames(store, progress=silent)
    assert (report.written, report.known) == (2, 1)
    version = store.tables.version("frames_cqt")
    assert compute_frames(store, progress=silent).known == 3
    assert store.tables.version("frames_cqt") == version


def test_what_cannot_be_used_is_named_and_the_others_are_done(store: Store, tmp_path: Path) -> None:
    paths = [tones(tmp_path / f"{seed}.wav", 1.0, seed) for seed in range(3)]
    short = tones(tmp_path / "short.wav", 0.3, 9)
    loud = tmp_path / "loud.wav"
    soundfile.write(loud, 1e6 * soundfile.read(paths[1])[0], RATE_HZ, subtype="FLOAT")
    store.add(*paths, short, loud)
    paths[0].unlink()
    report = compute_frames(store, progress=silent)
    assert report.written == 2
    assert {(problem.path, problem.reason) for problem in report.problems} == {
        (str(paths[0]), "missing"),
        (str(short), "short"),
        (str(loud), "unreadable"),
    }


def test_frames_of_others_are_not_added_to(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no usable clip with audio"):
        compute_frames(store, progress=silent)
    store.add(tones(tmp_path / "a.wav", 1.0, 1))
    other = FrameLayout(sample_rate_hz=22_050, source="files")
    write_frames(store, "cqt", other, [(ids(store)[0], np.ones((5, 84)))], progress=silent)
    with pytest.raises(UsageError, match="never mix"):
        compute_frames(store, progress=silent)


def test_what_cannot_be_asked_for_is_told_apart(store: Store) -> None:
    with pytest.raises(UsageError, match="features 'mel' cannot be made from audio; there is cqt"):
        store.materialise(features="mel")
    with pytest.raises(UsageError, match="features cqt have a rate of their own"):
        store.materialise(features="cqt", sample_rate_hz=16_000)


@pytest.mark.gpu
def test_on_a_gpu_frames_are_near_the_same(tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    waveform = read_mono(tones(tmp_path / "a.wav", 3.0, 1), RATE_HZ)
    here = ConstantQ(VersionsConfig())
    expected = frames_of(here, waveform)
    found = frames_of(here.to("cuda"), waveform)
    assert np.abs(found - expected).max() < 1e-3 * expected.max()
