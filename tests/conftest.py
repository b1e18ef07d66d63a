"""Fixtures that all rooms share: real audio files and real stores in tmp_path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import settings

from echodex.api import Store

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"


settings.register_profile("echodex", deadline=None)  # the machine's speed is not what a property is about
settings.load_profile("echodex")


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
