"""A Ray cluster of three node processes on this machine: a head without cores, and two nodes of one core each."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from harness.cluster import Nodes, wait_for

from echodex.api import Store

START_S = 300.0


def started_in(log: Path) -> bool:
    return b"--block" in log.read_bytes()


@pytest.fixture(scope="session")
def nodes() -> Iterator[Nodes]:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs ray: pip install 'echodex[ray]'")
    folder = tempfile.mkdtemp(prefix="ray")
    quiet = os.environ | {"RAY_TMPDIR": folder, "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
    ours = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}  # nobody else's work runs on it
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, started = f"127.0.0.1:{port}", list[subprocess.Popen[bytes]]()
    small = [
        "--block",
        "--min-worker-port=0",
        "--max-worker-port=0",
        "--object-store-memory=100000000",
        "--disable-usage-stats",
    ]
    patch = pytest.MonkeyPatch()
    for name, value in ours.items():
        patch.setenv(name, value)  # for the command line that tests start
    try:
        for what in (
            ["--head", f"--port={port}", "--num-cpus=0", "--include-dashboard=false", "--node-ip-address=127.0.0.1"],
            *[[f"--address={address}", "--num-cpus=1", "--node-ip-address=127.0.0.1"]] * 2,
        ):
            command = [str(Path(sys.executable).parent / "ray"), "start", *what, *small]
            log = Path(folder, f"start{len(started)}.log")
            with log.open("wb") as out:
                started.append(
                    subprocess.Popen(command, env=quiet | ours, stdout=out, stderr=out, start_new_session=True)
                )
            print(log, started[-1].pid)
            wait_for(partial(started_in, log), START_S)  # one after the other: two at once take each other's ports
        yield Nodes(address, tuple(process.pid for process in started))
    finally:
        patch.undo()
        for process in reversed(started):
            process.send_signal(signal.SIGTERM)
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 seconds of sound at 8 kHz, each a tone of its own or, every fifth, nearly that of its neighbour."""
    folder = tmp_path_factory.mktemp("sounds")
    time_s = np.arange(8000) / 8000
    for number in range(400):
        random = np.random.default_rng(number - number % 5 if number % 5 == 1 else number)
        tone = 0.3 * np.sin(2 * np.pi * random.uniform(200, 3500) * time_s) + 0.02 * random.standard_normal(8000)
        soundfile.write(folder / f"{number:04}.wav", tone + 1e-4 * number / 400, 8000)
    return folder


@pytest.fixture(scope="session")
def local(sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of these sounds, embedded by this process: what a cluster must come to, too. For reading only."""
    store = Store.open(tmp_path_factory.mktemp("local") / "library")
    store.add(sounds)
    store.embed("timbre")
    return store


@pytest.fixture
def added(local: Store, tmp_path: Path) -> Store:
    """A copy of it before anything was embedded."""
    store = Store.open(tmp_path / "library")
    shutil.copytree(local.path / "clips.lance", store.path / "clips.lance", dirs_exist_ok=True)
    shutil.rmtree(store.path / "seals")
    return store
