from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.errors import BadInput, NotFound
from echodex.training.fingerprint.config import PRESETS, FingerprintTraining
from echodex.training.fingerprint.start import starting_weights
from echodex.training.fingerprint.train import train_fingerprint
from echodex.training.layout import ENCODER_FILE
from echodex.training.run import run_folder
from echodex.training.trained import load_trained

Make = Callable[..., FingerprintTraining]


def test_a_fresh_network_starts_with_nothing(tunes: Store, brief: Make) -> None:
    assert starting_weights(tunes, brief()) is None
    assert PRESETS["default"].start == "fresh"
    assert PRESETS["own-collection"].start == "shipped"


def test_a_training_goes_on_from_a_run_or_its_file(tunes: Store, brief: Make) -> None:
    """With so small a rate that the weights stay where they started."""
    first = train_fingerprint(tunes, config=brief(max_epochs=1), name="first")
    taught = load_trained(tunes, first.name).weights()
    file = run_folder(tunes, first.name) / ENCODER_FILE
    for number, start in enumerate(("run:first", str(file))):
        config = brief(max_epochs=1, start=start, learning_rate=1e-12, weight_decay=0.0)
        run = train_fingerprint(tunes, config=config, name=f"on-{number}")
        weights = load_trained(tunes, run.name).weights()
        for name, array in weights.items():
            if "running" not in name and "num_batches" not in name:
                np.testing.assert_allclose(array, taught[name], atol=1e-6, err_msg=name)
        assert run.config["start"] == start
    fresh = brief(max_epochs=1, learning_rate=1e-12, weight_decay=0.0)
    run = train_fingerprint(tunes, config=fresh, name="fresh")
    kernel = next(name for name, array in taught.items() if array.ndim == 4)
    assert not np.allclose(load_trained(tunes, run.name).weights()[kernel], taught[kernel], atol=1e-4)


def test_weights_of_another_network_make_no_run(tunes: Store, brief: Make, tmp_path: Path) -> None:
    train_fingerprint(tunes, config=brief(max_epochs=1), name="first")
    with pytest.raises(BadInput, match="run:first, for the network small, is of another network"):
        train_fingerprint(tunes, config=brief(dim=32, start="run:first"), name="other")
    with pytest.raises(NotFound, match="does not exist"):
        train_fingerprint(tunes, config=brief(start=str(tmp_path / "none.pt")), name="other")
    assert not (tunes.path / "runs" / "other").exists()
