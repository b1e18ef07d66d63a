"""Waveforms that all augmentations are tried on, and the generators to try them with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from echodex.audio.augment.rng import BatchRng, row_seeds


@pytest.fixture
def noise() -> torch.Tensor:
    """float32[6, 8000]: noise, from loud to quiet."""
    random = np.random.default_rng(0)
    return torch.from_numpy((random.standard_normal((6, 8000)) * np.geomspace(0.5, 0.01, 6)[:, None]).astype("float32"))


@pytest.fixture
def rng() -> Callable[[int], BatchRng]:
    """Make the generators of clips "0", "1", ...; each time anew."""
    return lambda rows: BatchRng(row_seeds(0, 0, map(str, range(rows))))
