"""cluster: the groups of a space, by HDBSCAN or K-Means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from .options import Settings, as_json, of_clustering
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..schemas.cluster import ClusterRun

SHOWN_CLUSTERS = 50


@click.command()
@click.argument("space", required=False)
@of_clustering
@click.option("--sweep", metavar="K,K,...", help="K-Means with each of these K: inertia and silhouette; none is kept.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png", help="Draw it, too.")
@as_json
@click.pass_context
def cluster(
    context: click.Context, /, space: str | None, sweep: str | None, plot: Path | None, json_: bool, **options: Any
) -> None:
    """Cluster the clips of SPACE (or of the newest space of that encoder) and keep the labels in the store.

    By HDBSCAN, exact unless --approximate is said, or K-Means. --plot draws the condensed tree of HDBSCAN, or the
    curves of a sweep.

    \b
    Example:
      echodex cluster timbre --min-cluster-size 20
      echodex cluster --algorithm kmeans --sweep 10,20,50 --plot sweep.png
    """
    settings: Settings = context.obj
    given = {key: value for key, value in options.items() if value is not None}
    store = settings.open()
    if sweep is None:
        run = store.cluster(space, plot=plot, progress=settings.progress, **given)
        _print_run(run, json_)
        return
    if given.pop("algorithm", "kmeans") != "kmeans" or given.keys() - {"seed"}:
        raise UsageError("--sweep is K-Means with each number of clusters it lists; only --seed and --plot go with it")
    from ..pruning.clustering.runs import sweep_space

    rows = sweep_space(store, _counts(sweep), space=space, plot=plot, progress=settings.progress, **given)
    if json_:
        print_json(rows)
    else:
        print_table(["clusters", "inertia", "silhouette"], [(r.clusters, r.inertia, r.silhouette) for r in rows])


def _print_run(run: ClusterRun, json_: bool) -> None:
    if json_:
        print_json({"run": run, "clusters": run.clusters, "noise_share": run.noise_share})
        return
    click.echo(f"{run.space}, run {run.run}: {run.algorithm}")
    click.echo(f"{run.clusters} clusters of {run.clips} clips, {run.noise} of them noise ({run.noise_share:.1%})")
    measured = {"agreement with exact on a sample (ARI)": run.agreement, "inertia": run.inertia}
    measured["silhouette"] = run.silhouette
    for name, value in measured.items():
        if value is not None:
            click.echo(f"{name}: {value:.4f}")
    largest = sorted(enumerate(run.sizes), key=lambda one: (-one[1], one[0]))[:SHOWN_CLUSTERS]
    print_table(["cluster", "clips"], largest)
    if run.clusters > SHOWN_CLUSTERS:
        click.echo(f"the {SHOWN_CLUSTERS} largest of {run.clusters} clusters (--json lists all)")


def _counts(text: str) -> list[int]:
    """Return the numbers of "10,20,50"."""
    try:
        counts = [int(part) for part in text.split(",")]
    except ValueError:
        counts = [0]
    if min(counts) < 1:
        raise UsageError(f"--sweep takes numbers of clusters like 10,20,50, not {text[:80]!r}")
    return counts
