"""views: list, show, diff, explain, export, delete."""

from __future__ import annotations

import click

from .comparing import print_diff
from .options import Settings, as_json
from .output import print_json, print_table, safe
from .showing import print_recipe
from .undoing import sure

EXPORTS = ("run-folder", "csv", "m3u", "huggingface")


@click.group()
def views() -> None:
    """Named pruned views: list, show, compare, explain, export, delete."""


@views.command("list")
@as_json
@click.pass_context
def list_(context: click.Context, /, json_: bool) -> None:
    """List every version of every view.

    \b
    Example:
      echodex views list
    """
    settings: Settings = context.obj
    found = settings.open().views()
    if json_:
        print_json(found)
    else:
        rows = [(f"{v.name}@{v.version}", v.kept, v.clips, v.share, v.hours_kept, v.created_at[:19]) for v in found]
        print_table(["view", "kept", "of", "share", "hours", "made"], rows)


@views.command()
@click.argument("name")
@as_json
@click.pass_context
def show(context: click.Context, /, name: str, json_: bool) -> None:
    """Show a view: its counts, its recipe and why clips are in it or not.

    \b
    Example:
      echodex views show lean
    """
    from collections import Counter

    settings: Settings = context.obj
    view = settings.open().view(name)
    reasons = Counter(view.rows().column("reason").to_pylist())
    if json_:
        print_json({"view": view, "reasons": reasons})
        return
    click.echo(f"{view.address}: {view.kept} of {view.clips} clips, {view.hours_kept:.2f} of {view.hours:.2f} h")
    print_table(["reason", "clips"], sorted(reasons.items()))
    print_recipe(view.recipe)


@views.command()
@click.argument("a")
@click.argument("b")
@as_json
@click.pass_context
def diff(context: click.Context, /, a: str, b: str, json_: bool) -> None:
    """Compare two views: clips, hours and labels; clusters, coverage and leakage in the space they were made from.

    \b
    Example:
      echodex views diff all lean
    """
    from ..api import diff as compare

    settings: Settings = context.obj
    found = compare(a, b, store=settings.open(), progress=settings.progress)
    if json_:
        print_json(found)
    else:
        print_diff(found)


@views.command()
@click.argument("name")
@click.argument("clip")
@as_json
@click.pass_context
def explain(context: click.Context, /, name: str, clip: str, json_: bool) -> None:
    """Say why CLIP (an id or a path) is in a view or not.

    \b
    Example:
      echodex views explain lean song42.mp3
    """
    settings: Settings = context.obj
    found = settings.open().view(name).explain(clip)
    if json_:
        print_json(found)
    else:
        click.echo(safe(found.sentence))


@views.command()
@click.argument("name")
@click.argument("target", type=click.Path())
@click.option("--format", "kind", type=click.Choice(EXPORTS), required=True, help="What to write.")
@as_json
@click.pass_context
def export(context: click.Context, /, name: str, target: str, kind: str, json_: bool) -> None:
    """Write a view for other programs: the published run folder, CSV, M3U, or a Hugging Face dataset.

    \b
    Example:
      echodex views export lean lean.csv --format csv
    """
    from ..pruning.export import export_view

    settings: Settings = context.obj
    store = settings.open()
    view = store.view(name)
    written = export_view(store, view.address, target, kind)
    if json_:
        print_json({"path": written, "format": kind, "view": view})
    else:
        click.echo(written)


@views.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@click.pass_context
def delete(context: click.Context, /, name: str, yes: bool, json_: bool) -> None:
    """Delete a view ("lean@2": one version) that no run stands on. Clips, vectors and files stay.

    \b
    Example:
      echodex views delete lean@1 --yes
    """
    settings: Settings = context.obj
    store = settings.open()
    found = store.view(name)
    sure(f"delete view {found.address if '@' in name else name}", yes)
    deleted = store.delete_view(name)
    if json_:
        print_json(deleted)
        return
    for info in deleted:
        click.echo(f"deleted {info.name}@{info.version}")
