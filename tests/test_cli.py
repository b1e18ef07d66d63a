"""The command line as a user meets it: real processes, exit codes, one sentence for what went wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MakeWav = Callable[..., Path]
ECHODEX = Path(sys.executable).parent / "echodex"


def run(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ECHODEX), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
        stdin=subprocess.DEVNULL,
    )


def answer(*arguments: object, **environment: str) -> Any:
    done = run(*arguments, "--json", cwd=None, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def library(make_wav: MakeWav, tmp_path: Path) -> Path:
    for seed in range(5):
        make_wav(f"{seed}.wav", seed=seed)
    assert run("--store", tmp_path / "library", "add", tmp_path / "audio", "--embed", "dummy").returncode == 0
    return tmp_path / "library"


def fails(done: subprocess.CompletedProcess[str], exit_code: int, said: str) -> None:
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert said in line


def test_help_answers_at_once_and_lists_the_verbs() -> None:
    done = run("--help")
    assert done.returncode == 0
    for verb in ("add", "embed", "similar", "duplicates", "prune", "views", "train", "evaluate", "status", "demo"):
        assert f"  {verb} " in done.stdout


def test_a_store_is_found_upward_or_by_the_environment(library: Path, tmp_path: Path) -> None:
    deep = tmp_path / "deep" / "er"
    deep.mkdir(parents=True)
    assert "5 clips" in run("status", cwd=deep).stdout
    assert answer("status", ECHODEX_STORE=str(library))["clips"] == 5


def test_paths_come_from_stdin(library: Path, make_wav: MakeWav, tmp_path: Path) -> None:
    new = make_wav("new.wav", seed=77)
    done = subprocess.run(
        [str(ECHODEX), "--store", str(library), "add", "-"],
        input=f"{new}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "added 1 clips" in done.stdout


def test_similar_prints_data_on_stdout_alone(library: Path, tmp_path: Path) -> None:
    done = run("--store", library, "similar", tmp_path / "audio" / "0.wav", "-k", 2, "--json")
    assert len(json.loads(done.stdout)) == 2
    assert done.stderr == ""


def test_bad_files_end_with_three(library: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no audio")
    done = run("--store", library, "add", tmp_path / "bad.wav")
    assert done.returncode == 3
    assert "unreadable" in done.stdout


def test_a_wrong_path_is_one_sentence(library: Path, tmp_path: Path) -> None:
    fails(run("--store", library, "add", tmp_path / "nowhere"), 66, "nowhere does not exist")
    fails(run("--store", tmp_path / "none", "status"), 66, "not an echodex store")
    fails(run("status", cwd=tmp_path.parent, ECHODEX_STORE=""), 66, "no store at or above")


def test_an_unknown_view_is_one_sentence(library: Path, tmp_path: Path) -> None:
    fails(run("--store", library, "views", "show", "lean"), 66, "view 'lean' does not exist")
    query = tmp_path / "audio" / "0.wav"
    fails(run("--store", library, "similar", query, "--view", "lean"), 66, "view 'lean' does not exist")


def test_a_corrupt_checkpoint_is_one_sentence(library: Path, tmp_path: Path) -> None:
    (tmp_path / "torn.pt").write_bytes(b"PK\x03\x04 torn")
    fails(run("--store", library, "embed", "clmr", "--checkpoint", tmp_path / "torn.pt"), 65, "torn.pt")


def test_a_damaged_store_is_one_sentence(library: Path) -> None:
    (library / "echodex.json").write_text("{")
    fails(run("--store", library, "status"), 5, "echodex.json")


def test_a_bad_filter_or_option_is_a_usage_error(library: Path, tmp_path: Path) -> None:
    query = tmp_path / "audio" / "0.wav"
    fails(run("--store", library, "similar", query, "--where", "nonsense"), 2, "names no column")
    assert run("--store", library, "similar").returncode == 2
    assert run("--store", library, "nonsense").returncode == 2


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/proc/mounts").exists(), reason="mounting a small disk needs root")
def test_a_full_disk_is_one_sentence_and_the_store_stays_whole(make_wav: MakeWav, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192k", "tmpfs", disk], check=False).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        for seed in range(40):
            make_wav(f"{seed}.wav", seed=seed)
        assert run("--store", disk / "library", "add", tmp_path / "audio").returncode == 0
        (disk / "filler").write_bytes(b"x" * _free_bytes(disk))
        fails(run("--store", disk / "library", "embed", "dummy", "--set", "bands=256"), 74, "disk is full")
        (disk / "filler").unlink()
        assert answer("--store", disk / "library", "status")["clips"] == 40
        assert run("--store", disk / "library", "embed", "dummy").returncode == 0
    finally:
        subprocess.run(["umount", disk], check=True)


def _free_bytes(disk: Path) -> int:
    free = os.statvfs(disk)
    return free.f_bavail * free.f_frsize


def test_control_c_is_one_sentence_and_can_be_continued(make_wav: MakeWav, tmp_path: Path) -> None:
    for seed in range(300):
        make_wav(f"{seed}.wav", seed=seed, seconds=4.0)
    worker = subprocess.Popen(
        [str(ECHODEX), "--store", str(tmp_path / "library"), "add", str(tmp_path / "audio"), "--embed", "timbre"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "library" / "echodex.json").exists():
        time.sleep(0.02)
    time.sleep(1.0)
    worker.send_signal(signal.SIGINT)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 130, said
    assert said.strip().splitlines()[-1].startswith("interrupted; ")
    done = run("--store", tmp_path / "library", "add", tmp_path / "audio", "--embed", "dummy")
    assert done.returncode == 0, done.stderr
    assert answer("--store", tmp_path / "library", "status")["clips"] == 300


def test_deleting_a_view_needs_a_yes(library: Path) -> None:
    arguments = ("--store", library, "prune", "random", "--keep", 0.5, "--as", "lean")
    assert run(*arguments, "--min-cluster-size", 2, "--min-samples", 1).returncode == 0
    fails(run("--store", library, "views", "delete", "lean"), 2, "--yes")
    assert run("--store", library, "views", "delete", "lean", "--yes").stdout == "deleted lean@1\n"


def test_doctor_finds_this_machine_fit(library: Path) -> None:
    checks = {check["name"]: check for check in answer("--store", library, "doctor")}
    assert all(check["fine"] for check in checks.values())
    assert "views" in checks["store"]["detail"]
