"""A training that takes a second: few clips, four channels, and only the cheap augmentations."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from echodex.api import Store
from echodex.training.contrastive.config import ClmrTraining


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small gain nothing from more threads, and lose much where other work runs beside."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny() -> Callable[..., ClmrTraining]:
    """Make the settings of such a training, with others in their place."""
    settings: dict[str, Any] = {
        "width": 1 / 32,
        "batch_size": 6,
        "max_epochs": 3,
        "sample_rate": 8000,
        "transforms_pitch": 0.0,
        "transforms_reverb": 0.0,
        "transforms_delay": 0.0,
        "monitor_every": 2,
    }
    return lambda **others: ClmrTraining(**{**settings, **others})


@pytest.fixture(scope="session")
def few_store(kinds_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A third of `kinds_store`: 24 clips of three kinds, of which 18 teach. For reading only."""
    folder = tmp_path_factory.mktemp("few") / "library"
    shutil.copytree(kinds_store.path, folder)
    store = Store.open(folder)
    store.remove(store.clips(["clip_id"]).column(0).to_pylist()[24:])
    return store


@pytest.fixture
def few(few_store: Store, tmp_path: Path) -> Store:
    """A copy of `few_store`, to write to."""
    shutil.copytree(few_store.path, tmp_path / "library")
    return Store.open(tmp_path / "library")
