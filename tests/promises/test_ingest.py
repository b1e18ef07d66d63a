"""Adding and embedding lose and double nothing, whatever the order, however many do it at once, whenever killed.

The oracle is one quiet process that does it all in one go.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from echodex.api import Store
from echodex.testing.tones import tone

WORKER = """
import random, sys
from echodex.api import Store
library, folder, seed, encoder = sys.argv[1:]
store = Store.open(library)
from pathlib import Path
paths = sorted(p for p in Path(folder).rglob("*") if p.suffix in (".wav", ".flac"))
random.Random(int(seed)).shuffle(paths)
print("READY", flush=True)
store.add(*paths)
store.embed(encoder)
"""


def start(library: Path, folder: Path, seed: int, encoder: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WORKER, str(library), str(folder), str(seed), encoder]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def finish(workers: Sequence[subprocess.Popen[str]]) -> None:
    for worker in workers:
        assert worker.wait(timeout=600) == 0
        assert worker.stdout is not None
        worker.stdout.close()


def kill(library: Path, folder: Path, seed: int, encoder: str, after_s: float) -> None:
    """Run a worker and SIGKILL it `after_s` seconds after it began to work."""
    worker = start(library, folder, seed, encoder)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "READY\n"
    try:
        worker.wait(timeout=after_s)
    except subprocess.TimeoutExpired:
        worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()


def content(library: Path, encoder: str) -> tuple[list[str], bytes]:
    store = Store.open(library, create=False)
    rows = store.tables.scan("clips", ["clip_id"]).column(0).to_pylist()
    assert len(rows) == len(set(rows))
    owners = store.tables.scan(f"vectors_{store.space(encoder).name}", ["clip_id"]).column(0).to_pylist()
    assert sorted(owners) == sorted(rows)
    return sorted(rows), store.vectors(encoder).matrix.tobytes()


def prove(tmp_path: Path, folder: Path, encoder: str, expected: int, kills_s: Sequence[float]) -> None:
    quiet, noisy = tmp_path / "quiet", tmp_path / "noisy"
    Store.open(quiet)
    Store.open(noisy)
    finish([start(quiet, folder, 0, encoder)])
    for seed, after_s in enumerate(kills_s):
        kill(noisy, folder, seed, encoder, after_s)
    finish([start(noisy, folder, 100, encoder), start(noisy, folder, 101, encoder)])
    ids, vectors = content(noisy, encoder)
    assert len(ids) == expected
    assert (ids, vectors) == content(quiet, encoder)


@pytest.mark.promise("P1")
def test_killed_repeated_shuffled_and_doubled_it_is_the_same_store(tmp_path: Path) -> None:
    import soundfile

    folder = tmp_path / "audio"
    folder.mkdir()
    for seed in range(60):
        samples = tone(200.0 + 20 * seed, 0.25, 8000) + 0.01 * np.random.default_rng(seed).standard_normal(2000)
        soundfile.write(folder / f"{seed}.wav", samples, 8000)
    prove(tmp_path, folder, "dummy", 60, [0.05, 0.2])


@pytest.mark.slow
@pytest.mark.promise("P1")
def test_two_thousand_real_files_killed_five_times(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "speech_digits" / "audio"
    began_s = time.monotonic()
    moments = random.Random(0)
    prove(tmp_path, folder, "timbre", 2000, [moments.uniform(0.5, 12.0) for _ in range(5)])
    print(f"{time.monotonic() - began_s:.0f} s")
