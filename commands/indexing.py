"""index: build, list, drop; graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .options import Settings, as_json, assigned, of_space, on_cluster
from .output import print_json, print_table, safe

if TYPE_CHECKING:
    from ..schemas.graph import GraphManifest
    from ..schemas.manifest import IndexManifest


DEVICES = ("auto", "cpu", "cuda")


@click.group()
def index() -> None:
    """FAISS indexes and kNN graphs of a space: build, list, drop. They are caches: the table stays the truth."""


@index.command()
@click.argument("kind", default="auto")
@click.option("--name", metavar="NAME", help="What to call it [default: made from the rest].")
@click.option("--metric", type=click.Choice(["cosine", "ip", "l2"]), help="[default: cosine, or the preset's]")
@click.option("--level", type=click.Choice(["clip", "segment"]), default="clip", show_default=True, help="One row per.")
@click.option("--recall", type=click.FloatRange(0, 1, min_open=True), help="Recall@10 to tune for [default: 0.95].")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting of the kind.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Train on.")
@click.option("--no-deletes", "deletes", flag_value=False, default=True, help="auto: clips will hardly be removed.")
@of_space
@on_cluster
@as_json
@click.pass_context
def build(
    context: click.Context,
    /,
    kind: str,
    assignments: tuple[str, ...],
    ray: str | None,
    json_: bool,
    **options: Any,
) -> None:
    """Build an index of KIND: flat, ivf, ivf-fp16, ivf-sq8, ivf-rabitq, ivfpq, ivfpq-rr, hnsw, a published preset
    (nafp-ivfpq, pfann, ...), or auto, which chooses and says why.

    The effort of a search (nprobe, efSearch) is tuned on rows of the space itself until the recall asked for is
    reached; the recall of other such rows is measured and kept with the index.

    \b
    Example:
      echodex index build ivf --recall 0.99
    """
    settings: Settings = context.obj
    with settings.on(ray) as store:
        built = store.build_index(kind, settings=assigned(assignments), progress=settings.progress, **options)
    if json_:
        print_json({"index": _summary(built.manifest), "reason": built.reason})
        return
    if built.reason:
        click.echo(built.reason)
    _print([_summary(built.manifest)])


@index.command("list")
@of_space
@as_json
@click.pass_context
def list_(context: click.Context, /, space: str | None, json_: bool) -> None:
    """List the indexes of a space, the last built first, then its kNN graphs.

    `similar` takes the first index that is for the cosine. An unfinished graph has no recall yet.

    \b
    Example:
      echodex index list
    """
    settings: Settings = context.obj
    store = settings.open()
    found = [_summary(each) for each in store.indexes(space=space)]
    found += [_graph_summary(each) for each in store.graphs(space=space)]
    if json_:
        print_json(found)
    else:
        _print(found)


@index.command()
@click.option("-k", default=15, show_default=True, type=click.IntRange(min=1), help="Neighbours of each clip.")
@click.option("--exact", is_flag=True, help="Miss nothing, however long it takes.")
@click.option("--recall", default=0.99, show_default=True, type=click.FloatRange(0, 1, min_open=True), help="To reach.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", show_default=True, help="Where to compute.")
@of_space
@on_cluster
@as_json
@click.pass_context
def graph(context: click.Context, /, ray: str | None, json_: bool, **options: Any) -> None:
    """Find the k nearest others of every clip and keep them, for all that ask for neighbours later.

    Interrupted, it goes on where it stopped when it is run again.

    \b
    Example:
      echodex index graph -k 15 --recall 0.99
    """
    settings: Settings = context.obj
    with settings.on(ray) as store:
        found = store.knn_graph(progress=settings.progress, **options)
    columns = ("space", "clips", "k", "exact", "recall", "effort")
    values = (found.space, len(found), found.ids.shape[1], found.exact, found.recall, found.effort)
    if json_:
        print_json(dict(zip(columns, values, strict=True)))
    else:
        print_table(columns, [values])


@index.command()
@click.argument("name")
@of_space
@click.pass_context
def drop(context: click.Context, /, name: str, space: str | None) -> None:
    """Remove an index or a kNN graph. It can always be built again.

    \b
    Example:
      echodex index drop ivf
    """
    settings: Settings = context.obj
    settings.open().drop_index(name, space=space)
    click.echo(f"dropped {safe(name)}")


def _summary(manifest: IndexManifest) -> dict[str, Any]:
    """Return what a person wants to know of a manifest: all but hashes and file names."""
    recipe = manifest.recipe
    return {
        "name": recipe.name,
        "space": manifest.space,
        "kind": recipe.kind,
        "settings": recipe.settings,
        "metric": recipe.metric,
        "level": recipe.level,
        "rows": manifest.ntotal,
        "dim": manifest.dim,
        "effort": manifest.effort,
        "recall": manifest.recall,
        "recall_k": manifest.recall_k,
        "recall_queries": manifest.recall_queries,
        "size_mb": round(manifest.size_bytes / 1e6, 3),
        "built_s": manifest.built_s,
        "built_at": manifest.built_at,
        "table_version": manifest.table_version,
    }


def _graph_summary(manifest: GraphManifest) -> dict[str, Any]:
    """Return the same of a graph, as far as it has it."""
    recipe = manifest.recipe
    return {
        "name": recipe.name,
        "space": recipe.space,
        "kind": "graph",
        "settings": {"k": recipe.k, "exact": recipe.exact, "recall": recipe.recall},
        "metric": "cosine",
        "level": "clip",
        "rows": manifest.ntotal,
        "effort": manifest.effort,
        "recall": manifest.recalls[-1] if manifest.finished else None,
        "size_mb": round(manifest.size_bytes / 1e6, 3),
        "table_version": manifest.table_version,
    }


def _print(summaries: list[dict[str, Any]]) -> None:
    shown = ("name", "kind", "metric", "level", "rows", "effort", "recall", "size_mb", "built_s")
    print_table(shown, [[summary.get(column) for column in shown] for summary in summaries])
