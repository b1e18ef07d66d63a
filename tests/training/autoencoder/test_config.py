from __future__ import annotations

import pytest

from echodex.errors import UsageError
from echodex.training.autoencoder.config import PRESETS, AutoencoderTraining


def test_the_published_settings_are_those_of_the_study() -> None:
    published = PRESETS["published"]
    assert published.layer_sizes == (52, 300, 200, 100, 50, 20)
    assert (published.batch_size, published.learning_rate, published.max_epochs) == (512, 1e-4, 500)
    assert (published.stop_patience, published.stop_delta, published.shuffle) == (80, 2.0, False)
    assert not published.corrected


def test_the_default_is_corrected() -> None:
    assert PRESETS["default"] == AutoencoderTraining()
    assert PRESETS["default"].corrected


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"form": "raw"}, "there is corrected and published"),
        ({"sizes": "52,20"}, "must be like 52-300"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"batch_size": 0}, "batch_size"),
        ({"stop_delta": -1.0}, "stop_delta"),
    ],
)
def test_what_makes_no_sense_is_named(settings: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        AutoencoderTraining(**settings)  # type: ignore[arg-type]
