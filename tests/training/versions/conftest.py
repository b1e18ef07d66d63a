"""A training of versions that takes seconds: six works of three versions each, as frames in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from echodex.schemas.vector import Float32
from echodex.training.versions.config import VersionsTraining
from echodex.training.versions.works import Works

BINS = 84


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small gain nothing from more threads, and lose much where other work runs beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def brief() -> Callable[..., VersionsTraining]:
    """Make the settings of such a training, with others in their place: segments of two seconds, each second one."""
    network = "segment_s=2.0 hop_s=1.0 stem=4 widths=4,8 blocks=1,1 dim=8"
    settings: dict[str, Any] = {
        "network_settings": network,
        "batch_size": 4,
        "versions": 3,
        "crop_s": 4.0,
        "shingle_hop_s": 2.0,
        "monitor_hop_s": 2.0,
        "max_epochs": 2,
        "precision": "32-true",
    }
    return lambda **others: VersionsTraining(**{**settings, **others})


class HeldFrames:
    """Frames of clips in memory, read as those of a store are: versions of a work are alike but for noise."""

    def __init__(self, works: Works, seed: int = 0, noise: float = 0.05) -> None:
        random = np.random.default_rng(seed)
        chords = {work: random.random((8, BINS)) ** 8 for work in np.unique(works.works).tolist()}
        self.lengths = np.array([30 + 7 * (work % 5) for work in works.works.tolist()])
        self.clips: list[Float32] = [
            (chords[work][np.arange(length) // 5 % 8] + noise * random.random((length, BINS))).astype(np.float32)
            for work, length in zip(works.works.tolist(), self.lengths.tolist(), strict=True)
        ]

    def read_many(self, wanted: Sequence[tuple[int, int, int]]) -> list[Float32]:
        return [self.clips[index][start : start + count] for index, start, count in wanted]


def some_works(works: int = 6, versions: int = 3, prefix: str = "") -> Works:
    """So many works of so many versions, each of its own track."""
    n = works * versions
    return Works(
        [f"{prefix}clip-{place:03}" for place in range(n)],
        np.repeat(np.arange(works), versions),
        np.arange(n),
        0,
    )
