"""What is left when a training is told to stop, or is shot: its state, its exit code, and no process (P29)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from echodex.api import Store
from echodex.training.run import load_run, run_folder
from echodex.training.runlog import read_log

EPOCHS = 60
SETTINGS = f"width=0.03125 max_epochs={EPOCHS} sample_rate=8000 transforms_pitch=0 transforms_reverb=0 monitor_every=0"
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}

if not Path("/proc/self/environ").exists():
    pytest.skip("finds processes in /proc", allow_module_level=True)


@pytest.fixture(autouse=True)
def _ctrl_c_is_not_ignored() -> Iterator[None]:
    """As it is in a job in the background, and then in what that starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def waited_for(condition: Callable[[], bool], seconds: float = 600.0) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.1)
    return condition()


def begin(store: Store, name: str, workers: int, devices: int) -> subprocess.Popen[str]:
    """Start a training in a group of its own; all its processes have the store and the run in their environment."""
    arguments = f"train clmr --name {name} workers={workers} devices={devices} batch_size={6 // devices} {SETTINGS}"
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "echodex"), "--store", str(store.path), *arguments.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ECHODEX_TEST": f"{store.path}:{name}"},
        start_new_session=True,
    )


def alive(store: Store, name: str) -> list[str]:
    """Return the commands of all processes of a training."""
    mark, found = f"ECHODEX_TEST={store.path}:{name}".encode(), []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (path / "environ").read_bytes().split(b"\0"):
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it ended, or is not ours
            continue
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "devices"), [(0, 1), (2, 1), (1, 2)])
def test_stopped_in_every_way_it_leaves_nothing_behind_and_goes_on(few: Store, workers: int, devices: int) -> None:
    """SIGTERM as `timeout` sends it, to the whole group; SIGKILL to the process alone; Ctrl-C; then to the end."""
    folder = run_folder(few, "pieces")
    for kind in (signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
        process, done = begin(few, "pieces", workers, devices), len(read_log(folder))
        assert waited_for(lambda: len(read_log(folder)) > done or process.poll() is not None)  # noqa: B023
        assert process.poll() is None, process.communicate()[1]
        assert len(alive(few, "pieces")) >= 1 + workers * devices
        (process.send_signal if kind == signal.SIGKILL else lambda number: os.killpg(process.pid, number))(kind)  # noqa: B023
        said = process.communicate(timeout=300)[1]  # ends when nobody holds stdout and stderr any more
        assert process.returncode == CODES[kind], said
        assert waited_for(lambda: not alive(few, "pieces"), 60), alive(few, "pieces")
        if kind != signal.SIGKILL:
            assert said.splitlines()[-1].startswith("interrupted; "), said
            assert "leaked" not in said
            assert "Traceback" not in said
            assert (folder / "last.safetensors").is_file()
    process = begin(few, "pieces", workers, devices)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 0, said
    assert "run pieces: 18 clips teach, 3 are valid, 3 are left out as test; goes on in epoch" in said
    assert f"epoch {EPOCHS} of {EPOCHS}: loss " in said
    assert [line["epoch"] for line in read_log(folder)] == list(range(EPOCHS))
    if devices > 1:  # the sums of gradients are not made in the same order each time
        return
    whole = begin(few, "whole", workers, devices)
    assert "whole: 18 clips teach, 3 are valid, 3 are left out as test; begins" in whole.communicate(timeout=300)[1]
    for name in ("metrics.jsonl", "encoder.safetensors"):
        assert (folder / name).read_bytes() == (run_folder(few, "whole") / name).read_bytes()
    assert load_run(few, "pieces").metrics == load_run(few, "whole").metrics
