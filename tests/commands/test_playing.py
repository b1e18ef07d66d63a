from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli

ECHODEX = Path(sys.executable).parent / "echodex"


@pytest.fixture
def song(store: Store, make_wav: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = make_wav("song.wav", seconds=3.0, rate_hz=22_050)
    store.add(path)
    monkeypatch.chdir(tmp_path)
    return path


def play(store: Store, *arguments: object) -> str:
    words = ["--store", str(store.path), "play", *map(str, arguments)]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_the_file_is_written_and_named(store: Store, song: Path) -> None:
    assert play(store, song) == "song.plain-42-0.wav\n"
    assert play(store, "--augment", "clmr", song, "--seed", 7, "--epoch", 2) == "song.clmr-7-2.wav\n"
    assert play(store, song, "--out", "mine.wav") == "mine.wav\n"
    for name in ("song.plain-42-0.wav", "song.clmr-7-2.wav", "mine.wav"):
        assert soundfile.info(name).frames == 59_049
    assert Path("mine.wav").read_bytes() == Path("song.plain-42-0.wav").read_bytes()


def test_a_replica_of_a_fingerprint_is_written(store: Store, song: Path) -> None:
    assert play(store, "--augment", "fingerprint", song) == "song.fingerprint-42-0.wav\n"
    assert (
        soundfile.info("song.fingerprint-42-0.wav").samplerate,
        soundfile.info("song.fingerprint-42-0.wav").frames,
    ) == (
        8000,
        8000,
    )


def test_json_says_what_was_written(store: Store, song: Path) -> None:
    said = json.loads(play(store, song, "--json"))
    assert (said["path"], said["source"]) == ("song.plain-42-0.wav", str(song))
    assert 0 <= said["start_s"] <= 3 - said["seconds"]
    assert 0 < said["peak"] < 1


def test_an_existing_file_is_not_overwritten(store: Store, song: Path) -> None:
    done = subprocess.run(
        [ECHODEX, "--store", store.path, "play", song, "--out", song], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "name a new file" in done.stderr
