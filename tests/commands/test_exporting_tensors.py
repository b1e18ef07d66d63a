from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from echodex.cli import cli
from echodex.encoders.versions.config import VersionsConfig
from echodex.encoders.versions.network import build_network
from echodex.errors import BadInput


def test_a_folder_by_a_checkpoint_where_there_is_no_store(
    tmp_path: Path, make_wav: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_wav("one.wav", seconds=2.7)
    (tmp_path / "audio" / "torn.mp3").write_bytes(b"ID3 no music")
    config = VersionsConfig(segment_s=2.0, stem=4, widths="4,4,4", dim=6)
    torch.save(build_network(config).state_dict(), "small.pt")
    settings = ["segment_s=2.0", "hop_s=0.5", "stem=4", "widths='4,4,4'", "dim=6"]
    options = [part for setting in settings for part in ("--set", setting)]
    command = ["export", "tensors", "audio", "out", "--checkpoint", "small.pt", *options]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 3
    assert done.stdout.startswith("out: 1 files written, 0 known, of 6 dimensions\n1 files are not ok:\n")
    assert torch.load("out/one.pt").shape == (3, 6)
    again = json.loads(CliRunner().invoke(cli, [*command, "--json"]).stdout)
    assert (again["written"], again["known"], len(again["problems"])) == (0, 1, 1)


def test_without_weights_it_says_how_to_give_some(tmp_path: Path) -> None:
    command = ["export", "tensors", str(tmp_path), str(tmp_path / "out")]
    with pytest.raises(BadInput, match="'versions' needs trained weights: give a checkpoint file with --checkpoint"):
        CliRunner().invoke(cli, command, catch_exceptions=False)
    assert not (tmp_path / "out").exists()
