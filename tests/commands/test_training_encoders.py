"""From the command line: train an encoder, embed with it, export it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from echodex.api import Store, train
from echodex.cli import cli
from echodex.errors import BadInput, UsageError

SETTINGS = ("width=0.03125", "batch_size=8", "max_epochs=1", "sample_rate=8000", "transforms_pitch=0")


@pytest.fixture
def run(kinds: Store) -> Callable[..., Result]:
    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--store", str(kinds.path), "--quiet", *arguments], catch_exceptions=True)

    return invoke


def test_train_embed_and_export(run: Callable[..., Result], kinds: Store, tmp_path: Path) -> None:
    """By the shipped configuration, which has a key for every one of the published program."""
    trained = json.loads(run("train", "clmr", "--config", "clmr", "--name", "small", *SETTINGS, "--json").stdout)
    assert (trained["objective"], trained["config"]["width"]) == ("clmr", 0.03125)
    embedded = json.loads(run("embed", "run:small", "--json").stdout)
    assert (embedded["embedded"], embedded["space"]["dim"]) == (72, 16)
    assert embedded["space"]["digest"] == trained["encoder_digest"]
    path = tmp_path / "small.pt"
    assert str(path) in run("export", "checkpoint", "small", str(path)).stdout
    assert "projector.2.weight" in torch.load(path, weights_only=True)
    shown = json.loads(run("export", "checkpoint", "small", str(path), "--layout", "lightning", "--json").stdout)
    assert shown["path"] == str(path)
    assert "state_dict" in torch.load(path, weights_only=True)


def test_an_autoencoder_of_another_space(run: Callable[..., Result], kinds: Store, tmp_path: Path) -> None:
    settings = ("sizes=16-24-8-3", "max_epochs=2", "batch_size=16", "preset=published")
    trained = json.loads(run("train", "autoencoder", "--space", "dummy", "--name", "ae", *settings, "--json").stdout)
    assert (trained["objective"], trained["config"]["learning_rate"]) == ("autoencoder", 1e-4)
    embedded = json.loads(run("embed", "run:ae", "--json").stdout)
    assert (embedded["embedded"], embedded["space"]["dim"]) == (72, 3)
    path = tmp_path / "ae.ckpt"
    assert str(path) in run("export", "checkpoint", "ae", str(path), "--layout", "lightning").stdout
    source = ("--set", f"source={kinds.space('dummy').name}")
    again = json.loads(run("embed", "autoencoder", "--checkpoint", str(path), *source, "--json").stdout)
    assert (again["known"], again["space"]["digest"]) == (72, trained["encoder_digest"])


def test_a_strict_training_ends_where_a_file_is_gone(new_store: Callable[..., Store]) -> None:
    """With the exit code of what cannot be used, naming the file; probes read no files and take no such word."""
    store = new_store([["low"]] * 24)
    for clip in store.sources(store.clips(["clip_id"]).column(0).to_pylist())[::3]:
        Path(clip.path).unlink()
    words = ["--store", str(store.path), "-q", "train", "clmr", "--strict", *SETTINGS]
    done = CliRunner().invoke(cli, words)
    assert isinstance(done.exception, BadInput)
    assert done.exception.exit_code == 65
    assert ".wav is no longer where it was added" in str(done.exception)
    with pytest.raises(UsageError, match="reads vectors"):
        train("probe", store=store, strict=True)


def test_an_unknown_key_is_refused_with_the_nearest(run: Callable[..., Result]) -> None:
    done = run("train", "clmr", "temperatur=0.1")
    assert isinstance(done.exception, UsageError)
    assert "did you mean 'temperature'" in str(done.exception)
