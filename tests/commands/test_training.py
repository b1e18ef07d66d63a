from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from omegaconf import OmegaConf

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import NotFound, UsageError
from echodex.training.run import run_folder

TINY = ["width=0.03125", "batch_size=16", "learning_rate=0.05"]


def train(store: Store, *arguments: str) -> Result:
    done = CliRunner().invoke(cli, ["--store", str(store.path), "-q", "train", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done


def settings_of(store: Store, run: str) -> Any:
    return OmegaConf.to_container(OmegaConf.load(run_folder(store, run) / "config.yaml"))


def test_a_probe_by_the_published_configuration(kinds: Store) -> None:
    run = json.loads(train(kinds, "probe", "--config", "clmr", "max_epochs=2", "--name", "head", "--json").stdout)
    assert (run["name"], run["objective"], run["metrics"]["epochs"]) == ("head", "probe", 2)
    said = settings_of(kinds, "head")
    assert (said["inputs"], said["learning_rate"], said["weight_decay"], said["hidden"]) == ("window", 1e-3, 1e-6, 0)


def test_a_file_of_ones_own_with_overrides(kinds: Store, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("defaults: [clmr]\nfinetuner_mlp: 1\n")
    text = train(kinds, "probe", "--config", str(path), "hidden=8", "max_epochs=1").stdout
    assert "run probe-all-1 on all: 3 classes" in text
    assert settings_of(kinds, "probe-all-1")["hidden"] == 8


def test_supervised_by_the_published_configuration(kinds: Store) -> None:
    text = train(kinds, "supervised", "--config", "clmr", "--name", "base", *TINY, "max_epochs=2").stdout
    assert "run base on all: 3 classes" in text
    assert "valid_loss" in text
    said = settings_of(kinds, "base")
    assert (said["learning_rate"], said["weight_decay"], said["seed"], said["width"]) == (0.05, 1e-6, 42, 0.03125)
    again = train(kinds, "supervised", "--config", str(run_folder(kinds, "base") / "config.yaml"), "max_epochs=1")
    assert "run supervised-all-1" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["probe", "hiden=3"], UsageError, "the command line: there is no setting 'hiden'; did you mean 'hidden'"),
        (["supervised", "dataset=gtzan"], UsageError, "--view"),
        (["supervised", "--config", "clrm"], NotFound, "did you mean 'clmr'"),
        (["supervised", "temperature=1"], UsageError, "`echodex train clmr`"),
    ],
)
def test_mistakes(kinds_store: Store, arguments: list[str], error: type[Exception], said: str) -> None:
    with pytest.raises(error) as caught:
        train(kinds_store, *arguments)
    assert said in str(caught.value)
