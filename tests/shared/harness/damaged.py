"""A small store with everything in it, the kinds of its files, and what it answers: for tests that damage it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import soundfile

from echodex.api import Store
from echodex.encoders.resolve import resolve
from echodex.schemas.clip import Source
from echodex.schemas.run import Run
from echodex.store.spaces import load_encoder, space_of
from echodex.store.waveforms import open_waveforms
from echodex.training.config import ProbeConfig
from echodex.training.head import Head, save_head
from echodex.training.labels import read_labels
from echodex.training.layout import CONFIG_FILE, HEAD_FILE, SPLITS_FILE
from echodex.training.run import finish_run, load_run, run_folder, working_run
from echodex.training.settings import write_config
from echodex.training.splits import read_splits

RATE_HZ = 8000
CLIPS = 16
SPACE = "dummy"

FILES = {
    "clips": "clips.lance/data/*.lance",
    "manifest": "clips.lance/_versions/*.manifest",
    "manifest of vectors": "vectors_dummy*/_versions/*.manifest",
    "key index": "clips.lance/_indices/*/*.lance",
    "deletion file": "*.lance/_deletions/*",
    "tag": "*.lance/_refs/tags/*.json",
    "vectors": "vectors_dummy*/data/*.lance",
    "view": "view__*/data/*.lance",
    "registry of views": "views.lance/data/*.lance",
    "clusters": "clusters*.lance/data/*.lance",
    "decisions": "decisions.lance/data/*.lance",
    "waveforms": "waveforms_8000.lance/data/*/*.blob",
    "table of waveforms": "waveforms_8000.lance/data/*.lance",
    "index": "indexes/*/*.faiss",
    "ids of an index": "indexes/*/*.arrow",
    "index manifest": "indexes/*/*.json",
    "graph": "indexes/*/graph-*/*.*",
    "map": "maps/*/*.arrow",
    "weights": "encoders/*.safetensors",
    "checkpoint": "runs/*/*.safetensors",
    "run": "runs/*/run.json",
    "configuration": "runs/*/config.yaml",
    "splits": "runs/*/splits.parquet",
    "marker": "echodex.json",
    "seals": "seals/*.txt",
}
"""Kind of file -> where in a store its files are."""


def make_store(folder: Path) -> Store:
    """Return a store with clips, some removed, vectors, weights, waveforms, views, clusterings, decisions, an index, a
    graph, a map and a run.
    """
    (folder / "audio").mkdir(parents=True)
    sources = []
    for number in range(CLIPS + 2):
        random_ = np.random.default_rng(number)
        tone = np.sin(np.arange(RATE_HZ // 4) * random_.uniform(0.1, 2.0))
        path = folder / "audio" / f"{number:02}.wav"
        soundfile.write(path, 0.3 * tone + 0.02 * random_.standard_normal(len(tone)), RATE_HZ)
        sources.append(Source(str(path), labels=("ab"[number % 2],)))
    store = Store.open(folder / "library")
    store.add_sources(sources)
    store.embed("dummy")
    space_of(store.tables, resolve("timbre", {}))
    store.materialise(sample_rate_hz=RATE_HZ)
    with index_always():
        store.tables.index_keys("clips")
    store.remove(ids(store)[:1])
    store.prune("random", space=SPACE, duplicate_score=0, keep=0.5).save("lean")
    store.remove(ids(store)[-1:])
    store.decide("pin", ids(store)[0])
    store.cluster(SPACE, algorithm="kmeans", clusters=3)
    store.build_index("flat", space=SPACE)
    store.knn_graph(3, space=SPACE, exact=True)
    store.map(SPACE)
    write_run(store)
    return Store.open(store.path)


def write_run(store: Store) -> None:
    """Write a finished run with a head of random weights, as if a training had made it."""
    labels = read_labels(store, "labels")
    chance = np.random.default_rng(0)
    dim = store.space(SPACE).dim
    arrays = {"0.weight": chance.normal(size=(2, dim)), "0.bias": chance.normal(size=2)}
    head = Head({name: array.astype(np.float32) for name, array in arrays.items()}, ("a", "b"), False)
    space = store.space(SPACE)
    draft = Run("probe", "probe", "all", space.name, space.digest, {"seed": 42}, ("a", "b"), {}, "")
    with working_run(store, draft) as run:
        folder = run_folder(store, run.name)
        read_splits(store, labels, seed=42).save(folder / SPLITS_FILE)
        write_config(folder / CONFIG_FILE, ProbeConfig())
        save_head(folder / HEAD_FILE, head)
        finish_run(store, run, {"valid_loss": 0.5})


@contextmanager
def index_always() -> Iterator[None]:
    """Let tables of a few rows have a key index."""
    from echodex.store import tables

    before, tables.KEY_INDEX_ROWS = tables.KEY_INDEX_ROWS, 1
    try:
        yield
    finally:
        tables.KEY_INDEX_ROWS = before


def ids(store: Store, view: str | None = None) -> list[str]:
    """Return the ids of the usable clips."""
    found: list[str] = store.clips(["clip_id"], view=view).column(0).to_pylist()
    return found


def sources_of(store: Store) -> list[Source]:
    """Return what the clips of a store were added from."""
    rows = store.clips(["uris", "labels"]).to_pylist()
    return [Source(row["uris"][0], labels=tuple(row["labels"])) for row in rows]


def files_of(library: Path, kind: str) -> list[Path]:
    """Return the files of a kind, sorted."""
    found = sorted(path for path in library.glob(FILES[kind]) if path.is_file() and path.stat().st_size)
    assert found, f"the store has no {kind}"
    return found


def flip(path: Path, chance: random.Random) -> str:
    """Turn one bit of a file over; return which."""
    content = bytearray(path.read_bytes())
    place, bit = chance.randrange(len(content)), chance.randrange(8)
    content[place] ^= 1 << bit
    path.write_bytes(content)
    return f"bit {bit} of byte {place} of {path.name}"


def answers(library: Path) -> dict[str, str]:
    """Return what a store answers, hashed, by question; an error is an answer that begins with "error"."""
    store = Store.open(library)
    asked: dict[str, Callable[[], Any]] = {
        "clips": lambda: store.clips(_CLIP_COLUMNS),
        "by id": lambda: [store.clips(_CLIP_COLUMNS, clip_ids=[clip]) for clip in ids(store)],
        "vectors": lambda: store.vectors(SPACE).matrix,
        "spaces": lambda: [(space.name, space.digest, space.config) for space in store.spaces()],
        "view": lambda: store.view_rows(store.view("lean")),
        "views": lambda: store.views(),
        "clips of the view": lambda: store.clips(_CLIP_COLUMNS, view="lean"),
        "vectors of the view": lambda: store.vectors(SPACE, view="lean").matrix,
        "clusters": lambda: [store.cluster_rows(SPACE), store.cluster_runs(SPACE)],
        "decisions": lambda: store.decisions(undone=True),
        "similar": lambda: store.similar(ids(store)[0], space=SPACE, k=5),
        "graph": lambda: store.knn_graph(3, space=SPACE, exact=True).ids,
        "map": lambda: store.map(SPACE).points,
        "waveforms": lambda: _waveforms(store),
        "encoder": lambda: _weights(store),
        "run": lambda: load_run(store, "probe"),
    }
    return {question: _told(answer) for question, answer in asked.items()}


_CLIP_COLUMNS = [
    "clip_id",
    "uris",
    "mtimes_ns",
    "size_bytes",
    "content_hash",
    "duration_s",
    "status",
    "labels",
    "extra",
]


def _weights(store: Store) -> list[Any]:
    space = next(space for space in store.spaces() if space.encoder == "timbre")
    return [(name, array.tobytes()) for name, array in sorted(load_encoder(store.path, space).weights().items())]


def _waveforms(store: Store) -> list[bytes]:
    held = open_waveforms(store.tables, RATE_HZ, ids(store))
    assert held is not None
    out = [np.zeros(int(samples), np.float32) for samples in held.samples]
    held.read(list(range(len(out))), [0] * len(out), out)
    return [piece.tobytes() for piece in out]


def _told(answer: Callable[[], Any]) -> str:
    try:
        found = answer()
    except BaseException as error:  # Lance panics, which is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"error {type(error).__name__}"
    return hashlib.sha256(_bytes(found)).hexdigest()


def _bytes(found: Any) -> bytes:
    if isinstance(found, np.ndarray):
        return found.tobytes()
    if isinstance(found, pa.Table):
        return repr(found.to_pylist()).encode()
    if isinstance(found, list):
        return b"|".join(map(_bytes, found))
    return found if isinstance(found, bytes) else repr(found).encode()
