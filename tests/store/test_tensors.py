"""A folder of audio becomes a folder of tensors, file by file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from numpy.testing import assert_array_equal

from echodex.audio.clip import read_mono
from echodex.encoders.autoencoder.network import autoencoder
from echodex.encoders.base import digest
from echodex.encoders.registry import build
from echodex.errors import NotFound, UsageError
from echodex.progress import silent
from echodex.store.tensors import NOTE, write_tensors

ENCODER = build("dummy", {"bands": 4})


@pytest.fixture
def music(tmp_path: Path, make_wav: Callable[..., Path]) -> Path:
    """Two songs in folders, one of them torn, and notes."""
    folder = tmp_path / "music"
    (folder / "a" / "b").mkdir(parents=True)
    shutil.copy(make_wav("one.wav", seconds=3.0), folder / "a" / "b" / "one.wav")
    shutil.copy(make_wav("two.wav", seed=1, seconds=1.0), folder / "two.v2.wav")
    (folder / "a" / "torn.mp3").write_bytes(b"ID3 no music")
    (folder / "notes.txt").write_text("hello")
    return folder


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return {str(path.relative_to(folder)): torch.load(path) for path in folder.rglob("*.pt")}


def test_the_tree_is_mirrored_and_what_cannot_be_read_is_told(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = write_tensors(ENCODER, music, out, progress=silent)
    found = tensors(out)
    assert found.keys() == {"a/b/one.pt", "two.v2.pt"}
    for name, tensor in found.items():
        waveform = read_mono(music / name.replace(".pt", ".wav"), ENCODER.config.sample_rate_hz)
        assert tensor.dtype == torch.float32
        assert_array_equal(tensor, ENCODER.encode([waveform])[0].vectors)
    assert (report.written, report.known, report.dim, report.encoder) == (2, 0, 4, digest(ENCODER))
    assert report.segments == sum(len(tensor) for tensor in found.values())
    assert [(problem.path, problem.reason) for problem in report.problems] == [
        (str(music / "a" / "torn.mp3"), "unreadable")
    ]


def test_what_is_there_stays(music: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "a" / "b").mkdir(parents=True)
    (out / "a" / "b" / "one.pt").write_text("mine")
    (out / "other").write_text("mine too")
    report = write_tensors(ENCODER, music, out, progress=silent)
    assert (report.written, report.known) == (1, 1)
    assert (out / "a" / "b" / "one.pt").read_text() == "mine"
    assert (out / "other").read_text() == "mine too"
    assert write_tensors(ENCODER, music, out, progress=silent).known == 2


def test_encoders_are_not_mixed(music: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", build("dummy", {"bands": 5})
    write_tensors(ENCODER, music, out, progress=silent)
    (out / "two.v2.pt").unlink()
    with pytest.raises(UsageError, match="another encoder or of other settings"):
        write_tensors(other, music, out, progress=silent)
    assert not (out / "two.v2.pt").exists()
    assert write_tensors(ENCODER, music, out, progress=silent).written == 1
    (out / NOTE).write_text("torn")
    assert write_tensors(other, music, out, progress=silent).known == 2, "of whom they are is not known"


def test_files_that_would_have_one_name_are_told(music: Path, tmp_path: Path) -> None:
    shutil.copy(music / "two.v2.wav", music / "two.v2.flac")
    report = write_tensors(ENCODER, music, tmp_path / "out", progress=silent)
    assert {problem.reason for problem in report.problems} == {"ambiguous", "unreadable"}
    assert tensors(tmp_path / "out").keys() == {"a/b/one.pt"}


def test_a_single_file(music: Path, tmp_path: Path) -> None:
    assert write_tensors(ENCODER, music / "two.v2.wav", tmp_path / "out", progress=silent).written == 1
    assert tensors(tmp_path / "out").keys() == {"two.v2.pt"}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="none does not exist"):
        write_tensors(ENCODER, tmp_path / "none", tmp_path / "out", progress=silent)
    assert not (tmp_path / "out").exists()


def test_an_encoder_that_hears_nothing_is_refused(music: Path, tmp_path: Path) -> None:
    state = {name: array.numpy() for name, array in autoencoder((16, 8, 2)).encoder.state_dict().items()}
    with pytest.raises(UsageError, match="'autoencoder' reads vectors of 'datacos', not audio"):
        write_tensors(build("autoencoder", {}, state), music, tmp_path / "out", progress=silent)
    assert not (tmp_path / "out").exists()
