from __future__ import annotations

import math
from typing import Any

import pytest

from echodex.errors import BadInput, EchodexError, UsageError
from echodex.training.contrastive.config import PRESETS, ClmrTraining


def test_the_defaults_are_the_published_ones() -> None:
    config = ClmrTraining()
    assert (config.batch_size, config.optimizer, config.learning_rate, config.temperature) == (48, "Adam", 3e-4, 0.5)
    assert (config.projection_dim, config.audio_length, config.sample_rate, config.seed) == (64, 59_049, 22_050, 42)
    assert PRESETS["published"].max_epochs == 10_000
    assert PRESETS["clmr-small"].width == 0.25


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"optimizer": "SGD"}, UsageError, "Adam and LARS"),
        ({"temperature": 0.0}, UsageError, "temperature"),
        ({"batch_size": 1}, UsageError, "batch_size is 1; it must be at least 2"),
        ({"monitor_clips": 1}, UsageError, "monitor_clips"),
        ({"devices": 0}, UsageError, "devices"),
        ({"learning_rate": math.inf}, UsageError, "learning_rate is inf; it must be above 0, and finite"),
        ({"temperature": math.nan}, UsageError, "temperature is nan"),
        ({"weight_decay": math.inf}, UsageError, "weight_decay is inf; it must be at least 0, and finite"),
        ({"weight_decay": math.nan}, UsageError, "weight_decay is nan"),
        ({"width": 0.3}, BadInput, "k/128"),
        ({"audio_length": 100}, UsageError, "59049"),
    ],
)
def test_what_cannot_be_is_named(settings: dict[str, Any], error: type[EchodexError], message: str) -> None:
    with pytest.raises(error, match=message):
        ClmrTraining(**settings)
