from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from echodex.errors import BadInput, UsageError
from echodex.training.waveform_config import WaveformTraining


@pytest.mark.parametrize(
    ("setting", "value", "error"),
    [
        ("audio_length", 59_048, UsageError),
        ("precision", "half", UsageError),
        ("batch_size", 0, UsageError),
        ("max_epochs", 0, UsageError),
        ("sample_rate", 0, UsageError),
        ("accumulate", 0, UsageError),
        ("workers", -1, UsageError),
        ("seed", -1, UsageError),
        ("width", 0.001, BadInput),
    ],
)
def test_values_out_of_range_are_named(setting: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=setting):
        replace(WaveformTraining(), **{setting: value})


@pytest.mark.parametrize("name", ["polarity", "noise", "gain", "filters", "delay", "pitch", "reverb"])
def test_a_probability_that_is_none_is_named_by_its_key(name: str) -> None:
    for value in (1.5, -0.1):
        with pytest.raises(UsageError, match=rf"transforms_{name} is {value}; a probability is from 0 to 1"):
            WaveformTraining(**{f"transforms_{name}": value})  # type: ignore[arg-type]


def test_the_chain_has_the_probabilities_of_the_settings() -> None:
    chain = WaveformTraining(transforms_polarity=0.1, transforms_reverb=0.9, sample_rate=16_000).augmentations()
    assert [p for _, p in chain.steps] == [0.1, 0.01, 0.3, 0.8, 0.3, 0.6, 0.9]
