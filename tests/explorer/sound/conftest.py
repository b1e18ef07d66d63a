"""Clips of real files, as the explorer finds them in a store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.explorer.sound.clip import Sound, find_sound
from echodex.schemas.clip import Source
from echodex.testing.files import write_audio


def music(seconds: float, rate_hz: int, channels: int, seed: int = 0) -> np.ndarray:
    """float32[n, channels]: a tone a channel under a slow swell, with noise; all channels differ."""
    random = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz))[:, None] / rate_hz
    tones = np.sin(2 * np.pi * (300 + 170 * np.arange(channels)) * time_s) * (0.3 + 0.2 * np.sin(2 * time_s))
    return (tones + 0.02 * random.standard_normal(tones.shape)).astype(np.float32)


@pytest.fixture
def sound_of(store: Store, tmp_path: Path) -> Callable[..., Sound]:
    """Write float32[n, channels] to a file, add it (or an excerpt), and return it as the explorer finds it."""

    def made(
        samples: np.ndarray,
        rate_hz: int,
        name: str = "a.wav",
        *,
        offset_s: float = 0.0,
        duration_s: float | None = None,
    ) -> Sound:
        path = tmp_path / "audio" / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            write_audio(path, samples, rate_hz)
        before = set(store.clips(["clip_id"]).column(0).to_pylist())
        store.add_sources([Source(str(path), offset_s, duration_s)])
        (clip_id,) = set(store.clips(["clip_id"]).column(0).to_pylist()) - before
        return find_sound(store, clip_id)

    return made
