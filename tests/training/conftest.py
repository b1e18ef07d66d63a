"""Small real stores: short clips of three kinds of sound, embedded with the dummy encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echodex.api import Store
from echodex.schemas.clip import Source

RATE_HZ = 8000
KINDS = ("high", "low", "noise")


def sound(kind: str, seed: int, seconds: float = 0.25) -> np.ndarray:
    """A low tone, a high tone or noise, each with some noise and a frequency of its own."""
    random = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    noise = random.standard_normal(len(time_s))
    if kind == "noise":
        return 0.1 * noise
    tone = np.sin(2 * np.pi * random.uniform(*((200, 900) if kind == "low" else (1800, 3500))) * time_s)
    return 0.3 * tone + 0.02 * noise


def make_store(folder: Path, labels: Sequence[Sequence[str]], splits: Sequence[str] = ()) -> Store:
    """A store of one clip per entry of `labels`: it sounds like its first label; `splits` fills the split column."""
    store = Store.open(folder / "library")
    sources = []
    (folder / "audio").mkdir(parents=True)
    for number, names in enumerate(labels):
        path = folder / "audio" / f"{number:04}.wav"
        soundfile.write(path, sound(names[0] if names else "noise", number), RATE_HZ)
        fields = (("split", splits[number]),) if splits else ()
        sources.append(Source(str(path), labels=tuple(names), fields=fields))
    store.add_sources(sources)
    store.embed("dummy")
    return store


@pytest.fixture(scope="session")
def kinds_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """72 clips of three kinds, one label each, no split column. Read it; do not write to its tables."""
    return make_store(tmp_path_factory.mktemp("kinds"), [[KINDS[n % 3]] for n in range(72)])


@pytest.fixture
def new_store(tmp_path: Path) -> Callable[..., Store]:
    """Make a store in tmp_path from a list of labels per clip."""
    return lambda labels, splits=(): make_store(tmp_path, labels, splits)
