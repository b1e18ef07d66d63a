"""A fingerprint training that takes seconds: twelve clips of two seconds, and a network of six narrow blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from echodex.api import Store
from echodex.training.fingerprint.config import FingerprintTraining

RATE_HZ = 8000


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small gain nothing from more threads, and lose much where other work runs beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def brief() -> Callable[..., FingerprintTraining]:
    """Make the settings of such a training, with others in their place."""
    settings: dict[str, Any] = {
        "batch_size": 12,
        "max_epochs": 2,
        "anchors_per_clip": 2,
        "chain": "nafp",
        "context_s": 0.0,
        "synthetic": 4,
        "monitor_clips": 3,
        "monitor_segments": 4,
        "precision": "32-true",
    }
    return lambda **others: FingerprintTraining(**{**settings, **others})


def tune(number: int, seconds: float) -> np.ndarray:
    """Notes of a fifth of a second with two overtones."""
    random = np.random.default_rng(number)
    count = round(seconds * RATE_HZ)
    pitch_hz = np.repeat(220 * 2 ** (random.integers(0, 24, -(-count // 1600)) / 12), 1600)[:count]
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    return 0.3 * np.sin(phase) + 0.1 * np.sin(2 * phase) + 0.05 * np.sin(3 * phase)


@pytest.fixture
def tunes(tmp_path: Path) -> Store:
    """Twelve tunes of 2.3 seconds, with three segments each."""
    folder = tmp_path / "tunes"
    folder.mkdir()
    for number in range(12):
        soundfile.write(folder / f"{number:02}.wav", tune(number, 2.3), RATE_HZ)
    store = Store.open(tmp_path / "library")
    store.add(folder)
    return store
