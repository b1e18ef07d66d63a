"""Fixtures that all rooms share: real audio files and real stores in tmp_path."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import settings

from echodex.api import Store
from echodex.schemas.clip import Source
from echodex.schemas.run import Run

if TYPE_CHECKING:
    from echodex.training.splits import Splits

pytest_plugins = ["harness.counting", "harness.object_store"]

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


settings.register_profile("echodex", deadline=None)  # the machine's speed is not what a property is about
settings.load_profile("echodex")


@pytest.fixture(scope="session", autouse=True)
def _heeds_ctrl_c() -> Iterator[None]:
    """A shell lets what it starts in the background ignore Ctrl-C, and so would all that tests start and interrupt."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def shared_data() -> Path:
    """The real audio beside the checkout; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/data beside the checkout")
    return SHARED


@pytest.fixture
def make_wav(tmp_path: Path) -> Callable[..., Path]:
    """Write a decaying tone with noise below tmp_path/audio and return its path; another seed, another file."""

    def write(name: str = "tone.wav", *, seed: int = 0, seconds: float = 0.5, rate_hz: int = 8000) -> Path:
        random = np.random.default_rng(seed)
        time_s = np.arange(int(seconds * rate_hz)) / rate_hz
        tone = np.sin(2 * np.pi * random.uniform(200, 2000) * time_s) * np.exp(-time_s * random.uniform(0, 6))
        path = tmp_path / "audio" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, 0.5 * tone + 0.02 * random.standard_normal(len(time_s)), rate_hz)
        return path

    return write


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store.open(tmp_path / "library")


KINDS = ("high", "low", "noise")


def sound(kind: str, seed: int) -> np.ndarray:
    """A quarter of a second at 8 kHz: a low tone, a high tone, each of a frequency of its own, or noise."""
    random = np.random.default_rng(seed)
    time_s = np.arange(2000) / 8000
    noise = random.standard_normal(len(time_s))
    if kind == "noise":
        return 0.1 * noise
    tone = np.sin(2 * np.pi * random.uniform(*((200, 900) if kind == "low" else (1800, 3500))) * time_s)
    return 0.3 * tone + 0.02 * noise


def labelled_store(folder: Path, labels: Sequence[Sequence[str]], splits: Sequence[str] = ()) -> Store:
    """A store with one clip per entry of `labels`, embedded with the dummy encoder.

    A clip sounds like its first label, one of KINDS; `splits` fills the split column.
    """
    store = Store.open(folder / "library")
    sources = []
    (folder / "audio").mkdir(parents=True)
    for number, names in enumerate(labels):
        path = folder / "audio" / f"{number:04}.wav"
        soundfile.write(path, sound(names[0] if names else "noise", number), 8000)
        fields = (("split", splits[number]),) if splits else ()
        sources.append(Source(str(path), labels=tuple(names), fields=fields))
    store.add_sources(sources)
    store.embed("dummy")
    return store


@pytest.fixture(scope="session")
def kinds_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """72 clips of three kinds, one label each, no split column. For reading only."""
    return labelled_store(tmp_path_factory.mktemp("kinds"), [[KINDS[number % 3]] for number in range(72)])


@pytest.fixture
def new_store(tmp_path: Path) -> Callable[..., Store]:
    """Make a store from a list of labels per clip, and a list of splits."""
    return lambda labels, splits=(): labelled_store(tmp_path, labels, splits)


@pytest.fixture
def kinds(kinds_store: Store, tmp_path: Path) -> Iterator[Store]:
    """A copy of `kinds_store`, to write to, without what reading it has left behind. The audio is not copied."""
    audio = kinds_store.path.parent / "audio"
    before = _stamps(audio)
    made = shutil.ignore_patterns("indexes", "maps", "activity", "index-*.json")  # with the tags of the indexes
    shutil.copytree(kinds_store.path, tmp_path / "library", ignore=made)
    yield Store.open(tmp_path / "library")
    assert _stamps(audio) == before, "the audio is everybody's: a test that touches it takes `new_store`"


def _stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in os.scandir(folder)}


def taught_run(store: Store, splits: Splits, *, objective: str = "supervised", name: str = "taught") -> Run:
    """Write a finished run of an encoder with random weights, as if the train clips of `splits` had taught it."""
    import torch

    from echodex.encoders.base import digest
    from echodex.encoders.samplecnn import SampleCNN
    from echodex.training.run import finish_run, run_folder, working_run
    from echodex.training.trained import read_encoder, save_trained

    torch.manual_seed(0)
    arrays = {f"encoder.{key}": tensor.numpy() for key, tensor in SampleCNN(width=1 / 64).state_dict().items()}
    with working_run(store, Run(name, objective, "all", "", "", {}, (), {}, "")) as run:
        path = run_folder(store, name) / "encoder.safetensors"
        save_trained(path, "clmr", {"sample_rate_hz": 8000, "pooling": "windows"}, arrays)
        splits.save(path.parent / "splits.parquet")
        return finish_run(store, replace(run, encoder_digest=digest(read_encoder(path))), {"epochs": 1.0})


@pytest.fixture
def teach() -> Callable[..., Run]:
    """Write a finished run of an encoder that the train clips of some splits taught."""
    return taught_run
