from __future__ import annotations

from pathlib import Path

import pytest

from echodex.errors import NotFound, UsageError
from echodex.training.config import PRESETS, ProbeConfig, read_settings, write_config


def test_defaults_file_and_overrides_in_that_order(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("hidden: 512\nseed: 7\n")
    found = ProbeConfig(**read_settings(tmp_path / "c.yaml", ["seed=9", "learning_rate=1e-4"]))
    assert found == ProbeConfig(hidden=512, seed=9, learning_rate=1e-4)
    assert ProbeConfig(**read_settings(None, [])) == ProbeConfig()


def test_published_values() -> None:
    found = ProbeConfig(**read_settings(None, ["preset=published", "hidden=512"]))
    assert (found.batch_size, found.max_epochs, found.learning_rate, found.weight_decay) == (48, 200, 1e-3, 1e-6)
    assert (found.plateau_factor, found.plateau_patience, found.stop_patience, found.seed) == (0.1, 5, 10, 42)
    assert found.stop_delta == 0
    assert (found.standardise, found.inputs, found.hidden) == (False, "window", 512)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_config(tmp_path / "c.yaml", PRESETS["published"])
    assert ProbeConfig(**read_settings(tmp_path / "c.yaml", [])) == PRESETS["published"]


@pytest.mark.parametrize(
    ("text", "overrides", "named"),
    [
        ("hiden: 3", [], "hiden"),
        ("", ["hiden=3"], "hiden"),
        ("hidden: many", [], "many"),
        ("- hidden", [], "c.yaml"),
        ("hidden: [", [], "c.yaml"),
        ("a: !!python/object/apply:os.system [ls]", [], "c.yaml"),
        ("preset: best", [], "published"),
        ("", ["batch_size=0"], "batch_size"),
        ("", ["inputs=song"], "song"),
        ("", ["learning_rate=-1"], "learning_rate"),
        ("", ["weight_decay=-1"], "weight_decay"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, overrides: list[str], named: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UsageError, match=named):
        read_settings(tmp_path / "c.yaml", overrides)


def test_a_missing_file() -> None:
    with pytest.raises(NotFound, match=r"nowhere\.yaml"):
        read_settings("nowhere.yaml", [])
