"""All that a store holds, in a form that two stores can be compared by: what a user would read, no physical place."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np


def holdings(folder: str | Path) -> dict[str, Any]:
    """Return what the store at `folder`, or at a URI, holds, by kind; of views, clusterings and runs the last of each.

    Every part is read by the library's own checks: it raises where something is torn.
    """
    from echodex.api import Store
    from echodex.store.views import content_hash

    store = Store.open(folder, create=False)
    found: dict[str, Any] = {"clips": _rows(store, "clips")}
    tables = [name for name in store.tables.names() if name.startswith(("vectors_", "waveforms_", "frames_"))]
    found |= {name: _rows(store, name) for name in tables}
    found["views"] = {info.name: content_hash(store.view_rows(info)) for info in store.views()}
    found["decisions"] = [(made.kind, made.clip_id, made.undone_at is None) for made in store.decisions(undone=True)]
    for space in store.spaces():
        found[f"space {space.name}"] = _of_space(store, space)
    found["runs"] = _runs(store)
    found["damage"] = sorted(f"{told.kind} {told.what}" for told in store.check(data=True).findings if told.grave)
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]


def _rows(store: Any, table: str) -> list[list[str]]:
    """Return what tells each row from others: its clip and its checksum. A clip twice shows as two rows."""
    rows = store.tables.scan(table, ["clip_id", "row_sum"])
    sums = [value.hex() if value else "" for value in rows.column("row_sum").to_pylist()]
    if table == "clips":  # when it was added is part of the sum
        told = store.tables.scan(table, ["status", "uris", "labels", "decoded_s"]).to_pylist()
        sums = [json.dumps(row) for row in told]
    return sorted(map(list, zip(rows.column("clip_id").to_pylist(), sums, strict=True)))


def _of_space(store: Any, space: Any) -> dict[str, Any]:
    from echodex.explorer.layout.kept import kept_layout
    from echodex.indexing.neighbours.graph_store import GraphFolder

    vectors = store.vectors(space.name)
    found: dict[str, Any] = {"vectors": _digest(vectors.clip_ids, vectors.matrix)}
    runs = store.cluster_runs(space.name)
    if runs:
        rows = store.cluster_rows(space.name).sort_by("clip_id")
        found["clusters"] = _digest(rows.column("clip_id").to_pylist(), rows.column("label").to_numpy())
    for manifest in store.indexes(space=space.name):
        query = vectors.matrix[0]
        with_index = [hit.clip_id for hit in store.similar(query, k=5, space=space.name, index=manifest.name)]
        nearest = np.argsort(-(vectors.matrix @ query), kind="stable")[:5]
        found[f"index {manifest.name}"] = set(with_index) == {vectors.clip_ids[row] for row in nearest}
    for manifest in store.graphs(space=space.name):
        if manifest.finished:
            folder = next(store.folder("indexes", space.name).glob("graph*"))
            graph = GraphFolder(folder)
            lists = [graph.lists(part) for part in manifest.parts]
            found[f"graph {folder.name}"] = _digest(
                graph.clip_ids(manifest), np.concatenate([part.ids for part in lists])
            )
    layout = kept_layout(store, space, "pca")
    if layout:
        assert np.isfinite(layout.points).all()
        found["map"] = layout.clip_ids.to_pylist()
    return found


def _runs(store: Any) -> dict[str, Any]:
    from echodex.training.run import list_runs, run_folder
    from echodex.training.runlog import read_log

    found: dict[str, Any] = {}
    for run in list_runs(store):
        if run.metrics:
            found[run.objective] = [run.metrics, read_log(run_folder(store, run.name))]
    return found


def _digest(clip_ids: list[str], array: Any) -> str:
    state = hashlib.blake2b(json.dumps(list(clip_ids)).encode(), digest_size=8)
    state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()
