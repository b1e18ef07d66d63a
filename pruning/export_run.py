"""A view as the run folder of the published CLMR pruning fork, which knows clips by their place in the train subset.

    indices_to_keep.npy         int64, positions of the kept clips, ascending
    cluster_labels.npy          int64[N], -1 for noise
    random_indices_run_<k>.npy  as many clips of each cluster, by chance; every run has a seed of its own
    metadata.json               sizes, parameters, and sizes per cluster
    pruned_dataset_path.txt     where the folder is
    clips.csv                   index, clip_id, path: what a position stands for

The subset is what was pruned, sorted by clip id; clips without a vector are in it, as noise that is left out.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import UsageError
from ..schemas.view import Kept, ViewInfo
from .cluster import NOISE

if TYPE_CHECKING:
    from ..store.store import Store

RANDOM_RUNS = 5


def write_run_folder(store: Store, info: ViewInfo, folder: Path, final: Path) -> None:
    """Fill `folder`, which will be moved to `final`. Raises UsageError for a view that `prune` did not make."""
    if "config" not in info.recipe:
        raise UsageError(f"view {info.name}@{info.version} was not made by `echodex prune`: there is no run to export")
    rows = store.view_rows(info).sort_by("clip_id")
    subset = rows.filter(pa.array([reason != Kept.UNTOUCHED for reason in rows.column("reason").to_pylist()]))
    kept = subset.column("kept").to_numpy()
    labels = np.maximum(subset.column("cluster").to_numpy(), NOISE).astype(np.int64)
    np.save(folder / "indices_to_keep.npy", np.flatnonzero(kept).astype(np.int64))
    np.save(folder / "cluster_labels.npy", labels)
    for run in range(RANDOM_RUNS):
        seed = [int(info.recipe["config"]["seed"]), run]
        np.save(folder / f"random_indices_run_{run}.npy", _random(labels, kept, np.random.default_rng(seed)))
    (folder / "metadata.json").write_text(json.dumps(_metadata(info, labels, kept), indent=2))
    (folder / "pruned_dataset_path.txt").write_text(str(final))
    _write_clips(store, info, subset.column("clip_id").to_pylist(), folder / "clips.csv")


def _random(labels: NDArray[np.int64], kept: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return positions drawn by chance, of each cluster as many as are kept of it."""
    drawn = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        drawn.append(rng.choice(members, size=int(kept[members].sum()), replace=False))
    return np.sort(np.concatenate(drawn)).astype(np.int64)


def _metadata(info: ViewInfo, labels: NDArray[np.int64], kept: NDArray[np.bool_]) -> dict[str, Any]:
    config = info.recipe["config"]
    parameters = {name: config[name] for name in ("min_cluster_size", "min_samples", "eps", "t")}
    clusters = {}
    for label in np.unique(labels):
        size, left = int((labels == label).sum()), int(kept[labels == label].sum())
        clusters[str(label)] = {"original_size": size, "kept_size": left, "removal_fraction": 1 - left / size}
    return {
        "original_size": len(kept),
        "pruned_size": int(kept.sum()),
        "reduction_percentage": 100 * (1 - float(kept.mean())),
        "parameters": {**parameters, "n_random_runs": RANDOM_RUNS},
        "cluster_stats": clusters,
        "echodex": {"view": f"{info.name}@{info.version}", "recipe": info.recipe},
    }


def _write_clips(store: Store, info: ViewInfo, clip_ids: list[str], path: Path) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["index", "clip_id", "path"])
        for index, source in enumerate(store.sources(clip_ids, view=f"{info.name}@{info.version}")):
            writer.writerow([index, source.clip_id, source.path])
