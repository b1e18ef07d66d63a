"""Graphs, duplicates, clusters, plans and indexes by a cluster are those of this machine, whoever is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import soundfile
from harness.cluster import Nodes, run, start, wait_for

from echodex.api import Store

pytestmark = pytest.mark.slow

KINDS = ("ivf", "ivf-fp16", "ivf-sq8", "ivf-rabitq", "ivfpq", "flat", "hnsw")


def crowd(n: int, dim: int, seed: int = 0) -> np.ndarray:
    """Rows in clusters, with near copies and equal ones: float32[n, dim]."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((max(2, n // 60), dim))
    rows = centres[random.integers(len(centres), size=n)] + 0.35 * random.standard_normal((n, dim))
    rows[1::7] = rows[::7][: len(rows[1::7])] + 0.005 * random.standard_normal((len(rows[1::7]), dim))
    rows[5::101] = rows[4::101][: len(rows[5::101])]
    return rows.astype(np.float32)


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of 3,000 vectors that were imported, of clips without sound to speak of. For reading only."""
    folder = tmp_path_factory.mktemp("vectors")
    (folder / "audio").mkdir()
    for number in range(3000):
        tone = np.sin(np.arange(500) * (0.01 + number / 3000)) * 0.3
        soundfile.write(folder / "audio" / f"{number:05}.wav", tone, 8000)
    store = Store.open(folder / "library")
    store.add(folder / "audio")
    np.save(folder / "vectors.npy", crowd(3000, 48))
    (folder / "ids.txt").write_text("".join(f"{folder}/audio/{number:05}.wav\n" for number in range(3000)))
    store.import_vectors("crowd", folder / "vectors.npy", folder / "ids.txt")
    return store


@pytest.fixture
def copy(vectors: Store, tmp_path: Path) -> Store:
    shutil.copytree(vectors.path, tmp_path / "library", ignore=shutil.ignore_patterns("indexes", "activity"))
    return Store.open(tmp_path / "library")


def killing_run(nodes: Nodes, *arguments: str | Path) -> str:
    """Run the command line on the cluster, and kill the first worker that does a shard."""
    process = start(*arguments, "--ray", nodes.address)
    wait_for(lambda: bool(nodes.at_work()) or process.poll() is not None)
    for pid in nodes.at_work()[:1]:
        os.kill(pid, signal.SIGKILL)
    out, err = process.communicate(timeout=170)
    assert process.returncode == 0, err
    return out


def test_duplicates(nodes: Nodes, vectors: Store) -> None:
    verb = ("--store", vectors.path, "duplicates", "--min-score", "0.95", "--json")
    here = json.loads(run(*verb))
    assert len(here) > 100
    assert json.loads(killing_run(nodes, *verb)) == here


@pytest.mark.parametrize("how", [("--exact",), ()])
def test_graphs(nodes: Nodes, vectors: Store, copy: Store, how: tuple[str, ...]) -> None:
    killing_run(nodes, "--store", copy.path, "index", "graph", "-k", "12", *how)
    found, expected = (store.knn_graph(12, exact=bool(how)) for store in (copy, vectors))
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.scores, expected.scores)


@pytest.mark.parametrize("how", [(), ("--approximate",)])
def test_clusters(nodes: Nodes, vectors: Store, copy: Store, how: tuple[str, ...]) -> None:
    killing_run(nodes, "--store", copy.path, "cluster", *how)
    run("--store", vectors.path, "cluster", *how)
    assert copy.cluster_rows().equals(vectors.cluster_rows())


@pytest.mark.parametrize("how", [("facility",), ("jsd", "--noise", "cluster"), ("random", "--keep", "0.3")])
def test_views(nodes: Nodes, vectors: Store, copy: Store, how: tuple[str, ...]) -> None:
    killing_run(nodes, "--store", copy.path, "prune", *how, "--as", "lean")
    if "lean" in {info.name for info in vectors.views()}:
        vectors.delete_view("lean")
    run("--store", vectors.path, "prune", *how, "--as", "lean")
    found, expected = (store.view("lean") for store in (copy, vectors))
    assert found.rows().drop_columns(["row_id"]).equals(expected.rows().drop_columns(["row_id"]))
    assert 0 < found.kept < 3000


@pytest.mark.parametrize("kind", KINDS)
def test_indexes(nodes: Nodes, vectors: Store, copy: Store, kind: str) -> None:
    import faiss

    killing_run(nodes, "--store", copy.path, "index", "build", kind)
    run("--store", vectors.path, "index", "build", kind)
    files = (next((store.path / "indexes" / store.space().name).glob(f"{kind}-*.faiss")) for store in (copy, vectors))
    found, expected = (faiss.serialize_index(faiss.read_index(str(path))) for path in files)
    assert np.array_equal(found, expected)


def test_what_was_finished_when_the_driver_was_killed_is_not_done_again(
    nodes: Nodes, vectors: Store, copy: Store
) -> None:
    verb = ("--store", copy.path, "prune", "facility", "--as", "again", "--ray", nodes.address)
    process = start(*verb)
    wait_for(lambda: len(kept(copy)) > 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: not nodes.workers())
    finished = kept(copy)
    again = start(*verb)
    wait_for(lambda: kept(copy).keys() > finished.keys() or again.poll() is not None)
    if again.poll() is None:
        assert {name: when for name, when in kept(copy).items() if name in finished} == finished  # none is written anew
    again.communicate(timeout=170)
    assert again.returncode == 0
    assert not (copy.path / "shards").exists()
    run("--store", vectors.path, "prune", "facility", "--as", "again")
    found, expected = (store.view("again").rows().drop_columns(["row_id"]) for store in (copy, vectors))
    assert found.equals(expected)


def kept(store: Store) -> dict[str, int]:
    """When what each finished shard came to was written."""
    return {path.name: path.stat().st_mtime_ns for path in (store.path / "shards").glob("*/*.safetensors")}
