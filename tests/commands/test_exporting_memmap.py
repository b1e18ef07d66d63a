from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import echodex
from echodex.api import export_memmap
from echodex.cli import cli
from echodex.errors import UsageError


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, ["--quiet", *arguments])
    assert done.exit_code == code, done.output
    return done.stdout


def test_a_store_and_a_source_of_ones_own(tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    random = np.random.default_rng(0)
    for number in range(3):
        soundfile.write(music / f"{number}.wav", 0.1 * random.standard_normal(4 * 22_050), 22_050)
    store = echodex.open(tmp_path / "library")
    store.add(music, embed="timbre")
    space, library = store.space(), ["--store", str(tmp_path / "library"), "export", "memmap"]
    lines = run(*library, str(tmp_path / "emb"), "--db", "view:all", "--dummy-db", "view:all").splitlines()
    rows = len(store.segments(None, store.vectors().clip_ids)[0])
    assert [line.split() for line in lines] == [
        ["part", "clips", "rows", "dim"],
        ["dummy_db", "3", str(rows), str(space.dim)],
        ["db", "3", str(rows), str(space.dim)],
    ]
    again = CliRunner().invoke(cli, [*library, str(tmp_path / "emb"), "--db", "view:all"])
    assert isinstance(again.exception, UsageError)
    (music / "3.wav").write_text("no audio")
    said = json.loads(run(*library, str(tmp_path / "own"), "--source", str(music), "--json", code=3))
    assert [part["name"] for part in said["parts"]] == ["custom_source"]
    assert said["problems"][0]["path"].endswith("3.wav")
    assert (tmp_path / "own" / "custom_source.mm").stat().st_size == 4 * rows * space.dim


def test_an_encoder_with_settings(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 0.1 * np.random.default_rng(0).standard_normal(8 * 8000), 8000)
    asked = ["export", "memmap", str(tmp_path / "emb"), "--source", str(tmp_path / "a.wav")]
    lines = run(*asked, "--encoder", "fingerprint", "--set", "hop_s=1").splitlines()
    assert lines[1].split() == ["custom_source", "1", "8", "64"]
    with pytest.raises(UsageError, match="setting hop_s is of an encoder; say which"):
        export_memmap(tmp_path / "own", settings={"hop_s": 1}, custom_source=tmp_path / "a.wav")
