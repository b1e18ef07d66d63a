"""similar, duplicates: questions about likeness."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from .options import Settings, of_space, on_cluster, reads
from .output import print_json, print_table, safe, span

if TYPE_CHECKING:
    from ..schemas.hit import DuplicateGroup, SharedStretch

SHOWN_GROUPS = 50

CSV_COLUMNS = (
    "group",
    "representative",
    "clip_id",
    "path",
    "score",
    "exact",
    "start_s",
    "end_s",
    "representative_start_s",
    "representative_end_s",
    "confidence",
    "segments",
)


@click.command()
@click.argument("query")
@click.option("-k", default=10, show_default=True, help="How many.")
@click.option("--index", metavar="NAME", help="An index that was built [default: the last built for the cosine].")
@click.option(
    "--match",
    type=click.Choice(["mean", "versions"]),
    default="mean",
    show_default=True,
    help="Compare the mean vectors, or all segments, as versions of one work are told.",
)
@click.option("--redux", metavar="NAME", help="With --match versions: one distance of many [default: bpwr-10].")
@click.option("--exact", is_flag=True, default=None, help="With --match versions: compare all clips, without an index.")
@of_space
@reads
@click.pass_context
def similar(context: click.Context, /, query: str, json_: bool, **options: Any) -> None:
    """Show the clips most similar to QUERY: an audio file, or the id of a clip.

    With --view or --where, the nearest within that view or filter. --redux is min, meanmin, minmean, mean, max, bpwr-N
    (the mean of the N best pairs of segments, each taken once), best-N or worst-N. A score is a cosine or, where
    segments of the encoder `versions` are compared, minus the mean square of their difference: higher is nearer.

    \b
    Example:
      echodex similar query.mp3 -k 5 --view lean
      echodex similar live.mp3 --match versions
    """
    settings: Settings = context.obj
    given = {key: value for key, value in options.items() if value is not None}
    hits = settings.open().similar(query, progress=settings.progress, **given)
    if json_:
        print_json(hits)
    else:
        print_table(
            ["score", "offset_s", "labels", "path"], [(h.score, h.offset_s, ";".join(h.labels), h.path) for h in hits]
        )


@click.command()
@click.option("--min-score", type=click.FloatRange(-1, 1), help="Lowest cosine [default: 0.98, with --verify lower].")
@click.option(
    "--verify",
    type=click.Choice(["audio", "fingerprint"]),
    help="Only the same recording counts: align the waveforms, or compare fingerprints (of clips).",
)
@click.option(
    "--by",
    type=click.Choice(["clips", "segments"]),
    help="Compare a vector a clip, or find the stretches that clips share [default: segments for fingerprints].",
)
@click.option("--no-decisions", is_flag=True, help="As if nothing was decided about any clip.")
@click.option("--csv", "csv_", is_flag=True, help="Print CSV: a line per member, or per stretch that it shares.")
@of_space
@on_cluster
@reads
@click.pass_context
def duplicates(
    context: click.Context, /, no_decisions: bool, ray: str | None, json_: bool, csv_: bool, **options: Any
) -> None:
    """Show groups of clips that are the same: a representative and those within the score of it. Never a chain.

    In a space of fingerprints: clips that share audio with the representative, and which stretches.

    \b
    Example:
      echodex duplicates --verify audio --json
      echodex duplicates --space fingerprint --csv > shared.csv
    """
    if json_ and csv_:
        raise UsageError("duplicates prints either --json or --csv")
    settings: Settings = context.obj
    with settings.on(ray) as store:
        groups = store.duplicates(progress=settings.progress, decisions=not no_decisions, **options)
    if json_ or csv_:
        print_json(groups) if json_ else _print_csv(groups)
        return
    for group in groups[:SHOWN_GROUPS]:
        click.echo(f"{len(group.members)} alike, lowest pair {group.lowest_pair_score:.3f}")
        for member in group.members:
            click.echo(f"  {member.score:6.3f}  {_evidence(member)}{safe(member.path)}")
            for stretch in member.stretches:
                click.echo(f"          {_ranges(stretch)}")
    more = f", {SHOWN_GROUPS} shown (--json lists all)" if len(groups) > SHOWN_GROUPS else ""
    extra = sum(len(group.members) - 1 for group in groups)
    click.echo(f"{len(groups)} groups, {extra} duplicates beside their representatives{more}")


def _print_csv(groups: list[DuplicateGroup]) -> None:
    """Print a line per member of each group, or per stretch of it, with CSV_COLUMNS."""
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(CSV_COLUMNS)
    for number, group in enumerate(groups):
        for member in group.members:
            known = (
                number,
                group.representative,
                member.clip_id,
                member.path,
                f"{member.score:.6f}",
                int(member.exact),
            )
            for stretch in member.stretches or (None,):
                lines.writerow([*known, *(_columns(stretch) if stretch else [""] * 6)])


def _columns(stretch: SharedStretch) -> list[str]:
    places = (stretch.start_s, stretch.end_s, stretch.representative_start_s, stretch.representative_end_s)
    return [*(f"{place:.3f}" for place in places), f"{stretch.confidence:.6f}", str(stretch.segments)]


def _ranges(stretch: SharedStretch) -> str:
    """Return "0:10.0-0:42.0 = 1:05.0-1:37.0 of the first"."""
    own = span(stretch.start_s, stretch.end_s)
    return f"{own} = {span(stretch.representative_start_s, stretch.representative_end_s)} of the first"


def _evidence(member: Any) -> str:
    if member.exact:
        return "same bytes  "
    if member.alignment is None:
        return ""
    return f"{member.alignment.offset_s:+7.3f} s {member.alignment.residual_db:6.1f} dB  "
