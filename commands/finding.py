"""similar, duplicates: questions about likeness."""

from __future__ import annotations

from typing import Any

import click

from .options import Settings, of_space, reads
from .output import print_json, print_table, safe

SHOWN_GROUPS = 50


@click.command()
@click.argument("query")
@click.option("-k", default=10, show_default=True, help="How many.")
@click.option("--index", metavar="NAME", help="An index that was built [default: the last built for the cosine].")
@of_space
@reads
@click.pass_context
def similar(context: click.Context, /, query: str, json_: bool, **options: Any) -> None:
    """Show the clips most similar to QUERY: an audio file, or the id of a clip.

    With --view or --where, the nearest within that view or filter.

    \b
    Example:
      echodex similar query.mp3 -k 5 --view lean
    """
    settings: Settings = context.obj
    hits = settings.open().similar(query, progress=settings.progress, **options)
    if json_:
        print_json(hits)
    else:
        print_table(
            ["score", "offset_s", "labels", "path"], [(h.score, h.offset_s, ";".join(h.labels), h.path) for h in hits]
        )


@click.command()
@click.option("--min-score", type=click.FloatRange(-1, 1), help="Lowest cosine [default: 0.98, with --verify lower].")
@click.option("--verify", type=click.Choice(["audio"]), help="Align the waveforms: only the same recording counts.")
@of_space
@reads
@click.pass_context
def duplicates(context: click.Context, /, json_: bool, **options: Any) -> None:
    """Show groups of clips that are the same: a representative and those within the score of it. Never a chain.

    \b
    Example:
      echodex duplicates --verify audio --json
    """
    settings: Settings = context.obj
    groups = settings.open().duplicates(progress=settings.progress, **options)
    if json_:
        print_json(groups)
        return
    for group in groups[:SHOWN_GROUPS]:
        click.echo(f"{len(group.members)} alike, lowest pair {group.lowest_pair_score:.3f}")
        for member in group.members:
            click.echo(f"  {member.score:6.3f}  {_evidence(member)}{safe(member.path)}")
    more = f", {SHOWN_GROUPS} shown (--json lists all)" if len(groups) > SHOWN_GROUPS else ""
    extra = sum(len(group.members) - 1 for group in groups)
    click.echo(f"{len(groups)} groups, {extra} duplicates beside their representatives{more}")


def _evidence(member: Any) -> str:
    if member.exact:
        return "same bytes  "
    if member.alignment is None:
        return ""
    return f"{member.alignment.offset_s:+7.3f} s {member.alignment.residual_db:6.1f} dB  "
