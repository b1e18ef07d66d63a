"""`add --ray` and `materialise --ray` come to what they come to without, whoever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from harness.cluster import Nodes, run, start, wait_for

from echodex.api import Store
from echodex.store.waveforms import open_waveforms

pytestmark = pytest.mark.slow


def clip_rows(store: Store) -> list[dict[str, object]]:
    """All that the clips table says, but for when."""
    schema = store.tables.schema("clips")
    columns = [name for name in schema.names if name not in ("added_at", "row_sum")]
    rows = store.tables.scan("clips", columns).sort_by("clip_id").to_pylist()
    return [row | {"uris": sorted(row["uris"])} for row in rows]


@pytest.fixture(scope="module")
def mixed(sounds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sounds, a copy of one, what is no audio, and a file that nobody may read."""
    folder = tmp_path_factory.mktemp("mixed")
    for path in sounds.iterdir():
        os.link(path, folder / path.name)
    (folder / "copy.wav").write_bytes((sounds / "0007.wav").read_bytes())
    (folder / "none.wav").write_bytes(b"no audio at all")
    (folder / "empty.wav").touch()
    (folder / "link.wav").symlink_to("nowhere")
    return folder


@pytest.fixture(scope="module")
def here(mixed: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store.open(tmp_path_factory.mktemp("here") / "library")
    store.add(mixed)
    store.materialise(sample_rate_hz=8000)
    return store


def add(nodes: Nodes, store: Store, mixed: Path) -> tuple[str | Path, ...]:
    return ("--store", store.path, "add", mixed, "--ray", nodes.address)


def check_waveforms(store: Store, here: Store) -> None:
    ids = [str(row["clip_id"]) for row in clip_rows(here) if row["status"] != "bad"]
    ours, theirs = (open_waveforms(one.tables, 8000, ids) for one in (store, here))
    assert ours is not None
    assert theirs is not None
    assert store.tables.count("waveforms_8000") == len(ids)
    np.testing.assert_array_equal(ours.samples, theirs.samples)
    out = [[np.zeros(size, np.float32) for size in ours.samples] for _ in range(2)]
    for blobs, pieces in ((ours, out[0]), (theirs, out[1])):
        blobs.read(range(len(ids)), [0] * len(ids), pieces)
    np.testing.assert_array_equal(np.stack(out[0]), np.stack(out[1]))
    assert store.check(data=True).findings == ()
    assert not list((store.path / "loose").glob("*.lance"))


def test_a_cluster_adds_what_this_machine_does(nodes: Nodes, store: Store, mixed: Path, here: Store) -> None:
    process = start(*add(nodes, store, mixed))
    wait_for(lambda: bool(nodes.at_work()))
    os.kill(nodes.at_work()[0], signal.SIGKILL)
    out, err = process.communicate(timeout=170)
    assert process.returncode == 3, err
    assert out.startswith(f"added {len(clip_rows(here))} clips")
    assert clip_rows(store) == clip_rows(here)


def test_a_driver_that_is_killed_while_it_adds_goes_on(nodes: Nodes, store: Store, mixed: Path, here: Store) -> None:
    process = start(*add(nodes, store, mixed))
    wait_for(lambda: store.tables.count("clips") > 0)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    held = store.tables.count("clips")
    assert 0 < held < len(clip_rows(here))
    again = start(*add(nodes, store, mixed))
    out, _ = again.communicate(timeout=170)
    assert out.startswith(f"added {len(clip_rows(here)) - held} clips")
    assert clip_rows(store) == clip_rows(here)


def test_a_cluster_materialises_what_this_machine_does(nodes: Nodes, added: Store, local: Store) -> None:
    local.materialise(sample_rate_hz=8000)
    process = start("--store", added.path, "materialise", "--rate", "8000", "--ray", nodes.address)
    wait_for(lambda: bool(nodes.at_work()))
    os.kill(nodes.at_work()[0], signal.SIGKILL)
    out, err = process.communicate(timeout=170)
    assert process.returncode == 0, err
    assert "400 clips written" in out
    check_waveforms(added, local)


def test_a_driver_that_is_killed_while_it_materialises_goes_on(nodes: Nodes, added: Store, local: Store) -> None:
    verb = ("--store", added.path, "materialise", "--rate", "8000", "--ray", nodes.address)
    process = start(*verb)
    wait_for(lambda: added.tables.exists("waveforms_8000") and added.tables.count("waveforms_8000") > 0)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not nodes.workers())
    data = added.path / "waveforms_8000.lance" / "data"
    before = {path.name: path.stat().st_mtime_ns for path in data.glob("*.lance")}
    held = added.tables.count("waveforms_8000")
    assert 0 < held < 400
    assert f"{held} known" in run(*verb)
    assert before.items() <= {path.name: path.stat().st_mtime_ns for path in data.glob("*.lance")}.items()
    local.materialise(sample_rate_hz=8000)
    check_waveforms(added, local)


def test_a_cluster_of_this_machine_is_started_without_a_word_beside_its_own(sounds: Path, tmp_path: Path) -> None:
    environment = os.environ | {"RAY_ADDRESS": "local"}
    command = [sys.executable, "-m", "echodex.cli", "--store", str(tmp_path), "add", str(sounds / "0000.wav"), "--ray"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stderr
    assert "added 1 clips" in done.stdout
    assert "Warning" not in done.stderr
