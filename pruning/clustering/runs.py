"""Clustering a space of a store: the run is kept, and answers again for as long as the vectors stay the same."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from ...errors import UsageError
from ...progress import Progress, silent
from ...schemas.cluster import ClusterRun
from ...schemas.vector import Float32, Vectors
from ...store.clusters import current_run, save_run
from ...store.files import write_atomic
from ...store.scaling import stored_vectors
from ..cluster import NOISE, cluster
from .approximate import nearly_spanning_tree
from .config import ClusterConfig, Clusters
from .kmeans import SweepRow, SweepRows, inertia, kmeans_sweep, silhouette
from .plot import plot_condensed_tree, plot_kmeans_sweep
from .spanning import spanning_tree
from .tree import condensed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...store.store import Store


def cluster_space(
    store: Store,
    config: ClusterConfig,
    *,
    space: str | None = None,
    plot: str | Path | None = None,
    progress: Progress = silent,
) -> ClusterRun:
    """Return the clustering run of a space with these settings: the kept one where the vectors are still the same,
    else one made and kept now.

    One vector per usable clip, the mean of its segments. plot: a PNG of the condensed tree, for which the tree is found
    once more. Raises NotFound without such a space, UsageError for settings that do not fit the data.
    """
    if plot and config.algorithm != "hdbscan":
        raise UsageError("K-Means has no condensed tree to plot; plot a sweep over numbers of clusters")
    run = current_run(store.tables, store.space(space), asdict(config)) or _new_run(store, config, space, progress)
    if plot:
        _plot_tree(store.vectors(space).matrix, config, Path(plot), progress)
    return run


def _new_run(store: Store, config: ClusterConfig, space: str | None, progress: Progress) -> ClusterRun:
    progress("reading", 0, None)
    vectors = store.vectors(space)
    with threadpool_limits(limits=1, user_api="blas"):  # its order of summing depends on how many there are
        clusters = cluster(vectors.matrix, config, progress, store.workers)
    return save_run(store.tables, _run(vectors, clusters, config), _rows(vectors, clusters))


def _plot_tree(matrix: Float32, config: ClusterConfig, out: Path, progress: Progress) -> None:
    if len(matrix) < max(config.min_cluster_size, 2):
        raise UsageError(f"{len(matrix)} vectors are too few for a tree of clusters of {config.min_cluster_size}")
    find = nearly_spanning_tree if config.approximate else spanning_tree
    with threadpool_limits(limits=1, user_api="blas"):
        tree = find(matrix, config.min_samples, seed=config.seed, progress=progress)
        plot_condensed_tree(condensed(*tree, config), out)


def sweep_counts(clips: int) -> range:
    """Return the numbers of clusters of the da-TACOS study, 200 to 8000 in steps of 200, as far as there are clips.

    Of fewer than 2000 clips the steps are a tenth of them.
    """
    step = min(200, max(1, clips // 10))
    return range(step, min(8000, max(1, clips - 1)) + 1, step)


def sweep_space(
    store: Store,
    counts: Iterable[int] | None = None,
    *,
    space: str | None = None,
    standardise: bool = False,
    fit: str | None = None,
    seed: int = 0,
    plot: str | Path | None = None,
    progress: Progress = silent,
) -> list[SweepRow]:
    """Return what K-Means of a space comes to for each number of clusters; nothing is kept.

    counts: None for `sweep_counts`; standardise: vectors as stored, each column on one scale (store/scaling.py), and
    Euclidean K-Means, instead of unit vectors and spherical; fit: a split in which alone the centres are found; plot: a
    PNG of the curves. Raises UsageError for more clusters than clips, or no clip in `fit`.
    """
    swept = _swept(store, space, standardise, fit)
    with threadpool_limits(limits=1, user_api="blas"):  # as in _new_run
        asked = sweep_counts(len(swept.matrix)) if counts is None else counts
        rows = kmeans_sweep(swept, asked, seed, progress=progress)
    if plot:
        plot_kmeans_sweep(rows, Path(plot))
    return rows


def _swept(store: Store, space: str | None, standardise: bool, fit: str | None) -> SweepRows:
    """Return the vectors and works of a space, apart by whether the clips are of split `fit`; None: all are."""
    vectors = stored_vectors(store, space, standardise=True) if standardise else store.vectors(space)
    clips = store.clips(["clip_id", "work", "split"], clip_ids=vectors.clip_ids)  # sorted by clip id, as vectors are
    works = np.array([work or "" for work in clips.column("work").to_pylist()], dtype=np.str_)
    inside = np.array([fit in (None, split) for split in clips.column("split").to_pylist()], dtype=np.bool_)
    if fit is not None and not inside.any():
        raise UsageError(f"no clip with a vector in {vectors.space.name!r} is of split {fit[:80]!r}")
    matrix = vectors.matrix
    return SweepRows(matrix[inside], works[inside], matrix[~inside], works[~inside], spherical=not standardise)


def write_labels(store: Store, run: ClusterRun, out: Path) -> None:
    """Write a run as CSV, a line for each clip by clip id: clip_id, path, cluster (-1: in none), probability (how
    firmly it belongs, 0 to 1) and outlier_score. Raises StorageError.

    path: empty for a clip that was removed since.
    """
    rows = store.cluster_rows(run.space, run.run)
    clips = store.clips(["clip_id", "uris"], clip_ids=rows.column("clip_id").to_pylist())
    path_of = {clip["clip_id"]: clip["uris"][0] for clip in clips.to_pylist()}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["clip_id", "path", "cluster", "probability", "outlier_score"])
    for row in rows.to_pylist():
        number = [row["label"], f"{row['probability']:.6g}", f"{row['outlier_score']:.6g}"]
        writer.writerow([row["clip_id"], path_of.get(row["clip_id"], ""), *number])
    write_atomic(out, text.getvalue().encode())


def _run(vectors: Vectors, clusters: Clusters, config: ClusterConfig) -> ClusterRun:
    labels, kmeans = clusters.labels, config.algorithm == "kmeans"
    return ClusterRun(
        space=vectors.space.name,
        run=0,  # given when it is saved
        config=asdict(config),
        algorithm=clusters.algorithm,
        agreement=clusters.agreement,
        inertia=inertia(vectors.matrix, labels) if kmeans else None,
        silhouette=silhouette(vectors.matrix, labels, config.seed) if kmeans else None,
        clips=len(labels),
        noise=int(np.count_nonzero(labels == NOISE)),
        sizes=tuple(np.bincount(labels[labels != NOISE]).tolist()),
        space_identity=vectors.space.identity,
        table_version=vectors.version,
        created_at="",
    )


def _rows(vectors: Vectors, clusters: Clusters) -> pa.Table:
    return pa.table(
        {
            "clip_id": pa.array(vectors.clip_ids, pa.string()),
            "label": clusters.labels,
            "probability": clusters.probabilities,
            "outlier_score": clusters.outlier_scores,
        }
    )
