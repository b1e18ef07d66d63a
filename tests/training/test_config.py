from __future__ import annotations

from pathlib import Path

import pytest

from echodex.errors import UsageError
from echodex.training.config import PRESETS, ProbeConfig
from echodex.training.settings import read_settings, write_config


def read(path: Path | None, *overrides: str) -> ProbeConfig:
    return read_settings(ProbeConfig, PRESETS, path, overrides)


def test_defaults_file_and_overrides_in_that_order(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("hidden: 512\nseed: 7\n")
    found = read(tmp_path / "c.yaml", "seed=9", "learning_rate=1e-4")
    assert found == ProbeConfig(hidden=512, seed=9, learning_rate=1e-4)
    assert read(None) == ProbeConfig()


def test_published_values() -> None:
    found = read(None, "preset=published", "hidden=512")
    assert (found.batch_size, found.max_epochs, found.learning_rate, found.weight_decay) == (48, 200, 1e-3, 1e-6)
    assert (found.plateau_factor, found.plateau_patience, found.stop_patience, found.seed) == (0.1, 5, 10, 42)
    assert found.stop_delta == 0
    assert (found.standardise, found.inputs, found.hidden) == (False, "window", 512)
    assert (found.weights, found.label_share) == ("last", 1.0)


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_written_is_read(tmp_path: Path, preset: str) -> None:
    write_config(tmp_path / "c.yaml", PRESETS[preset])
    assert read(tmp_path / "c.yaml") == PRESETS[preset]


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("batch_size=0", "batch_size"),
        ("inputs=song", "song"),
        ("learning_rate=-1", "learning_rate"),
        ("weight_decay=-1", "weight_decay"),
        ("weights=first", "first"),
        ("label_share=0", "label_share"),
        ("label_share=1.5", "label_share"),
    ],
)
def test_values_out_of_range_are_named(override: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        read(None, override)
