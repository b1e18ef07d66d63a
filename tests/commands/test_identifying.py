from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from echodex.api import Store
from echodex.cli import cli
from echodex.commands.output import clock

ECHODEX = Path(sys.executable).parent / "echodex"
RATE = 8000


def noise(seed: int, seconds: float) -> np.ndarray:
    """Bursts of noise, each in a band of its own."""
    random = np.random.default_rng(seed)
    bursts = []
    for _ in range(int(seconds * 2)):
        spectrum = np.zeros(RATE // 4 + 1, complex)
        low = random.integers(50, 1500)
        spectrum[low : low + 200] = np.exp(2j * np.pi * random.random(200))
        bursts.append(np.fft.irfft(spectrum))
    return np.concatenate(bursts) * 3


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("identifying")
    (folder / "audio").mkdir()
    for seed in range(8):
        soundfile.write(folder / "audio" / f"{seed}.wav", noise(seed, 10), RATE)
    store = Store.open(folder / "library")
    store.add(folder / "audio")
    store.embed("dummy", settings={"window_s": 0.5})
    return folder / "library"


def run(library: Path, *arguments: object, stdin: bytes | None = None) -> str:
    words = ["--store", str(library), "--quiet", "identify", *map(str, arguments)]
    done = CliRunner().invoke(cli, words, input=stdin, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout


def test_what_plays_where(library: Path, tmp_path: Path) -> None:
    query = tmp_path / "query.wav"
    soundfile.write(query, np.concatenate([noise(2, 10)[2 * RATE :], noise(6, 10)[: 4 * RATE]]), RATE)
    header, first, second = run(library, query).splitlines()
    assert header.split() == ["query", "clip", "score", "confidence", "path"]
    assert first.split()[:2] == ["0:00.0-0:08.0", "0:02.0-0:10.0"]
    assert first.endswith("2.wav")
    assert second.split()[:2] == ["0:08.0-0:12.0", "0:00.0-0:04.0"]
    assert second.endswith("6.wav")
    told = json.loads(run(library, query, "--json"))
    assert [(match["query_start_s"], match["segments"]) for match in told] == [(0.0, 16), (8.0, 8)]
    assert json.loads(run(library, "-", "--json", stdin=query.read_bytes())) == told
    assert json.loads(run(library, query, "--json", "--limit", 1)) == told[:1]


def test_a_stream_is_answered_before_it_ends(library: Path) -> None:
    content = io.BytesIO()
    soundfile.write(
        content, np.concatenate([noise(2, 10)[2 * RATE :], noise(99, 20), noise(6, 10)]), RATE, format="WAV"
    )
    command = [str(ECHODEX), "--store", str(library), "--quiet", "identify", "-", "--follow", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as asked:
        assert asked.stdin
        assert asked.stdout
        asked.stdin.write(content.getvalue()[: len(content.getvalue()) // 2])
        asked.stdin.flush()
        first = json.loads(asked.stdout.readline())
        asked.stdin.write(content.getvalue()[len(content.getvalue()) // 2 :])
        asked.stdin.close()
        [second] = map(json.loads, asked.stdout)
    assert asked.returncode == 0
    for match, name, start_s, clip_start_s in ((first, "2.wav", 0.0, 2.0), (second, "6.wav", 28.0, 0.0)):
        assert match["path"].endswith(name)
        assert match["clip_start_s"] - match["query_start_s"] == pytest.approx(clip_start_s - start_s, abs=0.5)


def test_nothing_known(library: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "query.wav", noise(99, 5), RATE)
    assert run(library, tmp_path / "query.wav") == "nothing known plays here\n"
    assert json.loads(run(library, tmp_path / "query.wav", "--json")) == []


def test_many_queries_are_answered_into_a_folder(library: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "known.wav", noise(2, 10)[2 * RATE :], RATE)
    soundfile.write(tmp_path / "stranger.wav", noise(99, 5), RATE)
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'known.wav'}\n\n{tmp_path / 'stranger.wav'}\n")
    words = ["--list", tmp_path / "list.txt", "--out", tmp_path / "out"]
    said = run(library, *words)
    assert said.startswith("2 queries: 1 matched, 1 matched nothing, 0 could not be decoded")
    answers = (tmp_path / "out" / "answers.tsv").read_text()
    assert answers.splitlines()[0].endswith("known.wav\t" + str(library.parent / "audio" / "2.wav"))
    assert json.loads(run(library, *words, "--json"))["known"] == 2
    odd = os.fsencode(tmp_path) + b"/caf\xe9.wav"  # Latin-1, and the mark of an editor before it
    shutil.copy(tmp_path / "known.wav", os.fsdecode(odd))
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf" + odd + b"\r\n")
    run(library, "--list", tmp_path / "list.txt", "--out", tmp_path / "odd")
    answers = (tmp_path / "odd" / "answers.tsv").read_text()
    assert answers.endswith("caf\\udce9.wav\t" + str(library.parent / "audio" / "2.wav") + "\n")
    (tmp_path / "text.wav").write_text("no audio")
    bad = [str(tmp_path / "text.wav"), "--out", str(tmp_path / "bad")]
    assert CliRunner().invoke(cli, ["--store", str(library), "--quiet", "identify", *bad]).exit_code == 3


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a.wav", "b.wav"],
        ["--list", "x"],
        ["a.wav", "--microphone"],
        ["a.wav", "--out", "o", "--limit", "1"],
        ["a.wav", "--follow"],
        ["--microphone", "--limit", "1"],
        ["-", "--follow", "--limit", "1"],
    ],
)
def test_what_goes_together(library: Path, words: list[str]) -> None:
    done = subprocess.run(
        [str(ECHODEX), "--store", str(library), "identify", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")


@pytest.mark.skipif(find_spec("sounddevice") is not None, reason="sounddevice is installed")
def test_a_microphone_needs_its_package(library: Path) -> None:
    command = [str(ECHODEX), "--store", str(library), "identify", "--microphone"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 69
    assert done.stderr.startswith("error: --microphone needs the package sounddevice")
    assert "pip install 'echodex[microphone]'" in done.stderr


def test_an_error_is_a_sentence(library: Path) -> None:
    command = [str(ECHODEX), "--store", str(library), "identify", "-"]
    done = subprocess.run(command, capture_output=True, input=b"", check=False)
    assert (done.returncode, done.stdout) == (65, b"")
    assert done.stderr.startswith(b"error: the query's stream cannot be used (empty)")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00.0"), (59.96, "1:00.0"), (75.25, "1:15.2"), (3599.99, "1:00:00.0"), (7325.5, "2:02:05.5")],
)
def test_a_time_is_minutes_and_seconds(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
