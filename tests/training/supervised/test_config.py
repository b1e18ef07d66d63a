from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from echodex.errors import UsageError
from echodex.training.supervised.config import PRESETS, SupervisedTraining


def test_published_values() -> None:
    found = PRESETS["published"]
    assert (found.batch_size, found.audio_length, found.sample_rate, found.seed) == (48, 59_049, 22_050, 42)
    assert (found.learning_rate, found.momentum, found.weight_decay) == (3e-4, 0.9, 1e-6)
    assert (found.plateau_factor, found.plateau_patience, found.stop_patience) == (0.2, 5, 20)
    assert (found.augment, found.width) == (False, 1.0)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("learning_rate", 0.0),
        ("momentum", 0.0),
        ("weight_decay", -1.0),
        ("plateau_factor", 1.0),
        ("plateau_patience", 0),
        ("stop_patience", 0),
        ("batch_size", 0),
    ],
)
def test_values_out_of_range_are_named(setting: str, value: Any) -> None:
    with pytest.raises(UsageError, match=setting):
        replace(SupervisedTraining(), **{setting: value})
