"""A training that takes a second: four channels, files of 8 kHz, and only the cheap augmentations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from echodex.training.contrastive.config import ClmrTraining


@pytest.fixture(scope="session")
def tiny() -> Callable[..., ClmrTraining]:
    """Make the settings of such a training, with others in their place."""
    settings: dict[str, Any] = {
        "width": 1 / 32,
        "batch_size": 16,
        "max_epochs": 3,
        "sample_rate": 8000,
        "transforms_pitch": 0.0,
        "transforms_reverb": 0.0,
        "transforms_delay": 0.0,
        "monitor_every": 2,
    }
    return lambda **others: ClmrTraining(**{**settings, **others})
