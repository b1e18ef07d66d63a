"""cluster: the groups of a space, by HDBSCAN or K-Means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from .idle import refuse_idle_clustering
from .options import Settings, as_json, of_clustering, on_cluster
from .output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..schemas.cluster import ClusterRun

SHOWN_CLUSTERS = 50

AGREEMENT = "agreement with exact on a sample, at the recall of the graph (ARI)"
"""Adjusted Rand index of labels (pruning.clustering.approximate)."""


@click.command()
@click.argument("space", required=False)
@of_clustering
@click.option(
    "--sweep",
    is_flag=False,
    flag_value="",
    metavar="[K,K,...]",
    help="K-Means with each of these K, or of FIRST:LAST:STEP; none is kept [default: 200:8000:200, ten if few].",
)
@click.option("--standardise", is_flag=True, help="With --sweep: columns as stored, on one scale, and Euclidean.")
@click.option("--fit", metavar="SPLIT", help="With --sweep: centres are found in this split; others are assigned.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png", help="Draw it, too.")
@click.option(
    "--labels",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.csv",
    help="Write cluster (-1: none), probability and outlier score of every clip, too.",
)
@click.option("--runs", is_flag=True, help="List the runs that are kept; nothing is clustered.")
@click.option("--drop", type=int, metavar="RUN", help="Remove this run; nothing is clustered.")
@on_cluster
@as_json
@click.pass_context
def cluster(
    context: click.Context,
    /,
    ray: str | None,
    space: str | None,
    sweep: str | None,
    plot: Path | None,
    labels: Path | None,
    json_: bool,
    **options: Any,
) -> None:
    """Cluster the clips of SPACE (or of the newest space of that encoder) and keep the labels in the store.

    By HDBSCAN, exact unless --approximate is said, or K-Means. --plot draws the condensed tree of HDBSCAN, or the
    curves of a sweep: inertia, silhouette and, where clips have works, how many (work, cluster) pairs there are. The
    same settings are answered from the run that is kept, while the vectors are the same.

    \b
    Example:
      echodex cluster timbre --min-cluster-size 20 --labels clusters.csv
      echodex cluster timbre --sweep 10,20,50 --plot sweep.png
      echodex cluster datacos --algorithm kmeans --sweep 200:8000:200 --standardise --fit train
      echodex cluster timbre --runs
      echodex cluster timbre --drop 3
    """
    settings: Settings = context.obj
    runs, drop = options.pop("runs"), options.pop("drop")
    of_sweep = {"standardise": options.pop("standardise") or None, "fit": options.pop("fit")}
    of_sweep = {key: value for key, value in of_sweep.items() if value is not None}
    if of_sweep and sweep is None:
        raise UsageError("--standardise and --fit go with --sweep")
    if ray is not None and (runs or drop is not None or sweep is not None):
        raise UsageError("--ray goes with one clustering; leave it out beside --runs, --drop and --sweep")
    given = {key: value for key, value in options.items() if value is not None}
    if runs or drop is not None:
        if given or plot or labels or sweep is not None or (runs and drop is not None):
            raise UsageError("--runs and --drop stand alone: they go with a space and --json only")
        store = settings.open()
        _print_runs(store.cluster_runs(space) if drop is None else [store.drop_cluster_run(drop, space)], json_)
    elif sweep is not None:
        if labels:
            raise UsageError("--labels writes one clustering, and --sweep keeps none; give the one or the other")
        _sweep(settings, space, sweep, plot, json_, given | of_sweep)
    else:
        refuse_idle_clustering(given)
        with settings.on(ray) as store:
            run = store.cluster(space, plot=plot, progress=settings.progress, **given)
        if labels:
            _write_labels(settings, run, labels)
        _print_run(run, json_)


def _write_labels(settings: Settings, run: ClusterRun, out: Path) -> None:
    from ..pruning.clustering.runs import write_labels

    write_labels(settings.open(), run, out)


def _print_runs(runs: list[ClusterRun], json_: bool) -> None:
    if json_:
        print_json(runs)
        return
    rows = [(run.run, run.algorithm, run.clusters, run.clips, run.noise_share, run.created_at) for run in runs]
    print_table(["run", "algorithm", "clusters", "clips", "noise share", "made"], rows)


def _sweep(
    settings: Settings, space: str | None, sweep: str, plot: Path | None, json_: bool, given: dict[str, Any]
) -> None:
    if given.pop("algorithm", "kmeans") != "kmeans" or given.keys() - {"seed", "standardise", "fit"}:
        raise UsageError(
            "--sweep is K-Means with each number of clusters it lists; only --seed, --standardise, --fit and --plot go "
            "with it"
        )
    from ..pruning.clustering.runs import sweep_space

    counts = _counts(sweep) if sweep else None
    rows = sweep_space(settings.open(), counts, space=space, plot=plot, progress=settings.progress, **given)
    if json_:
        print_json(rows)
    else:
        columns = ["clusters", "inertia", "silhouette", "work-cluster pairs", "of others"]
        cells = [(row.clusters, row.inertia, row.silhouette, row.pairs, row.other_pairs) for row in rows]
        held = 5 if rows[0].other_pairs is not None else 4 if rows[0].pairs is not None else 3
        print_table(columns[:held], [row[:held] for row in cells])


def _print_run(run: ClusterRun, json_: bool) -> None:
    if json_:
        print_json({"run": run, "clusters": run.clusters, "noise_share": run.noise_share})
        return
    click.echo(f"{run.space}, run {run.run}: {run.algorithm}")
    click.echo(f"{run.clusters} clusters of {run.clips} clips, {run.noise} of them noise ({run.noise_share:.1%})")
    measured = {AGREEMENT: run.agreement, "inertia": run.inertia}
    measured["silhouette"] = run.silhouette
    for name, value in measured.items():
        if value is not None:
            click.echo(f"{name}: {value:.4f}")
    print_clusters(["cluster", "clips"], list(enumerate(run.sizes)))


def print_clusters(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Print a table of clusters, each row its label, its size and more: the largest first, and no more than
    SHOWN_CLUSTERS.
    """
    print_table(columns, sorted(rows, key=lambda row: (-row[1], row[0]))[:SHOWN_CLUSTERS])
    if len(rows) > SHOWN_CLUSTERS:
        click.echo(f"the {SHOWN_CLUSTERS} largest of {len(rows)} clusters (--json lists all)")


def _counts(text: str) -> list[int]:
    """Return the numbers of "10,20,50" or "200:8000:200", the last of which is included."""
    try:
        parts = [[int(number) for number in part.split(":")] for part in text.split(",")]
        counts = [
            count for first, *rest in parts for count in (range(first, rest[0] + 1, rest[1]) if rest else [first])
        ]
    except (ValueError, IndexError):
        counts = []
    if not counts or min(counts) < 1:
        raise UsageError(f"--sweep takes numbers of clusters like 10,20,50 or 200:8000:200, not {text[:80]!r}")
    return counts
