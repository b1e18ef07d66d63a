"""Stores as released formats wrote them, and what they must answer ever after.

`tests/data/make_store.py` packs one, with its answers, when a format is released; it is not made again.
"""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import echodex
from echodex.api import Store
from echodex.schemas.clip import CLIPS
from echodex.store import tables
from echodex.store.spaces import kept_weights
from echodex.testing.files import write_audio
from echodex.testing.tones import tone

STORES = Path(__file__).resolve().parents[2] / "data" / "stores"
AUDIO = Path("/tmp/echodex-golden-audio")
_RATE_HZ = 8000


def unpack(version: int, folder: Path) -> Path:
    """Put a copy of the golden store of a format version into `folder`, and return where it is."""
    with tarfile.open(STORES / f"v{version}.tar.gz") as packed:
        packed.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.3 has none yet
        packed.extractall(folder)
    return folder / f"v{version}"


def grow(path: Path) -> Store:
    """Return a store at `path` with something of all that a store can hold; its audio lies in AUDIO."""
    tables.KEY_INDEX_ROWS = 10  # so small a store has no index of its keys otherwise
    store = Store.open(path)
    _write_audio()
    store.add(*sorted(AUDIO.glob("low*.wav")), AUDIO / "labels", labels=AUDIO / "labels.csv")
    store.embed("dummy")
    for share in (0.5, 0.25):
        store.prune("facility", space="dummy", keep=share).save("lean")
    store.add(AUDIO)  # more, among them what cannot be used
    store.embed("dummy")
    store.embed("dummy", settings={"window_s": 0.1, "bands": 8})
    ids = store.clips(["clip_id"]).column(0).to_pylist()
    first = store.spaces()[0].name
    echodex.train("autoencoder", space=first, store=store, name="small", sizes="16-8-4", max_epochs=3)
    store.embed("run:small")
    store.prune("random", space=first, keep=0.4).save("some")
    store.prune("kcenter", space=first, keep=0.3).save("gone")
    store.delete_view("gone")
    store.cluster(first, min_cluster_size=3)
    store.cluster(first, algorithm="kmeans", clusters=4)
    store.drop_cluster_run(1, first)
    store.decide("pin", ids[0], note="the first")
    store.decide("distinct", ids[1], ids[2])
    store.undo_decision(store.decide("representative", ids[3]).decision_id)
    store.materialise(sample_rate_hz=4000)
    store.remove(ids[-2:])
    store.build_index("ivf", space=first, name="lists")
    store.knn_graph(5, space=first)
    store.map(first, "pca")
    echodex.train("probe", space=first, store=store, name="probe", max_epochs=3)
    return store


def _write_audio() -> None:
    """Write 26 tones, 6 of them with labels, and one file each of what is copied, clipped, cut short and silent."""
    for number in range(20):
        name = f"{'low' if number % 2 else 'high'}{number:02}.wav"
        write_audio(AUDIO / name, tone(200 + 37 * number * (1 + number % 2), 0.4, _RATE_HZ), _RATE_HZ)
    lines = ["path,label,split,title"]
    for number in range(6):
        write_audio(AUDIO / "labels" / f"{number}.wav", tone(900 + 50 * number, 0.4, _RATE_HZ), _RATE_HZ)
        lines.append(f"labels/{number}.wav,{'ab'[number % 2]},{'train' if number < 4 else 'test'},Tone {number}")
    (AUDIO / "labels.csv").write_text("\n".join(lines) + "\n")
    first = (AUDIO / "low01.wav").read_bytes()
    (AUDIO / "copy.wav").write_bytes(first)
    (AUDIO / "short.wav").write_bytes((AUDIO / "high02.wav").read_bytes()[:-2000])
    soundfile.write(AUDIO / "clipped.wav", 3 * tone(440, 0.4, _RATE_HZ), _RATE_HZ, subtype="FLOAT")
    write_audio(AUDIO / "silent.wav", np.zeros(3200, np.float32), _RATE_HZ)


def answers(store: Store) -> dict[str, Any]:
    """Return, as JSON can hold it, what a store answers: rows, sums, views, labels, decisions and neighbours."""
    columns = [name for name in CLIPS.names if name not in ("added_at", "row_sum")]
    clips = store.tables.scan("clips", [*columns, "row_sum"]).sort_by("clip_id")
    sums = [found.hex() for found in clips.column("row_sum").to_pylist()]
    ids, first = store.clips(["clip_id"]).column(0).to_pylist(), store.spaces()[0].name
    return {
        "clips": clips.select(columns).to_pylist(),
        "sums": sums,
        "spaces": {space.name: _vectors(store, space.name) for space in store.spaces()},
        "views": {f"{info.name}@{info.version}": _view(store, f"{info.name}@{info.version}") for info in store.views()},
        "clusters": {
            f"{space.name} {run.run}": store.cluster_rows(space.name, run.run).drop_columns(["run"]).to_pylist()
            for space in store.spaces()
            for run in store.cluster_runs(space.name)
        },
        "decisions": [made.__dict__ for made in store.decisions(undone=True)],
        "neighbours": {
            f"{space} {index}": [
                (hit.clip_id, round(hit.score, 5)) for hit in store.similar(ids[0], k=5, space=space, index=index)
            ]
            for space, index in [(first, "lists"), *((space.name, None) for space in store.spaces())]
        },
        "graph": store.knn_graph(5, space=first).ids.tolist(),
        "map": np.round(store.map(first, "pca").points, 4).tolist(),
        "materialised": store.status().waveforms,
        "runs": {name: [store.run(name).classes, store.run(name).encoder_digest] for name in ("small", "probe")},
        "weights": {space.name: sorted(kept_weights(store.path, space) or {}) for space in store.spaces()},
    }


def _vectors(store: Store, space: str) -> dict[str, Any]:
    table = store.tables.scan(f"vectors_{space}", ["clip_id", "row_sum"]).sort_by("clip_id")
    found = store.vectors(space)
    return {
        "sums": {row["clip_id"]: row["row_sum"].hex() for row in table.to_pylist()},
        "mean": np.round(found.matrix.mean(axis=0, dtype=np.float64), 5).tolist(),
    }


def _view(store: Store, name: str) -> dict[str, Any]:
    info = store.view(name)
    return {
        "kept": store.clips(["clip_id"], view=name).column(0).to_pylist(),
        "content_hash": info.content_hash,
        "hours_kept": info.hours_kept,
        "recipe": info.recipe,
        "clips": info.clips,
    }
