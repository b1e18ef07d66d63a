from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.errors import UsageError


def run(store: Store, *arguments: str) -> str:
    done = CliRunner().invoke(cli, ["--store", str(store.path), *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_published_head_is_evaluated_like_one_trained_here(kinds: Store, tmp_path: Path) -> None:
    torch.save(
        {"0.weight": torch.zeros(3, kinds.space().dim), "0.bias": torch.tensor([0.0, 1.0, 0.0])}, tmp_path / "h.pt"
    )
    taken = json.loads(
        run(
            kinds,
            "train",
            "probe",
            "--from-head",
            str(tmp_path / "h.pt"),
            "--classes",
            "store",
            "--name",
            "h",
            "--json",
        )
    )
    assert (taken["name"], taken["classes"]) == ("h", ["high", "low", "noise"])
    report = json.loads(run(kinds, "evaluate", "tags", "h", "--json"))
    assert report["metrics"] == {"Accuracy": pytest.approx(1 / 3)}  # it says "low" of every clip


@pytest.mark.parametrize(
    "wrong",
    [
        ["--from-head", "h.pt"],
        ["--classes", "store"],
        ["--from-head", "h.pt", "--classes", "store", "hidden=3"],
        ["--from-head", "h.pt", "--classes", "store", "--view", "lean"],
        ["--from-head", "h.pt", "--classes", "store", "--config", "c.yaml"],
    ],
)
def test_what_does_not_go_with_it(kinds: Store, wrong: list[str]) -> None:
    with pytest.raises(UsageError, match="go together"):
        run(kinds, "train", "probe", *wrong)


def test_other_labels(kinds: Store, tmp_path: Path) -> None:
    torch.save({"0.weight": torch.zeros(1, kinds.space().dim), "0.bias": torch.zeros(1)}, tmp_path / "h.pt")
    with pytest.raises(UsageError, match="cannot be taken from 'mood'"):
        run(kinds, "train", "probe", "--from-head", str(tmp_path / "h.pt"), "--classes", "store", "labels=mood")
