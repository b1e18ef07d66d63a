"""evaluate versions: are other performances of a work found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import Settings, numbers_of_segments, of_space, reads
from .output import print_report

_SECONDS = click.FloatRange(0, min_open=True)


@click.command()
@click.option("--by", metavar="COLUMN", help="What names the work: a column, or a key of extra [default: work].")
@click.option("--track", metavar="COLUMN", help="What names the recording a clip is part of [default: its file].")
@click.option("--queries", metavar="SQL", help="Only ask for clips that this filter selects [default: all].")
@click.option("--unseen", is_flag=True, help="Only ask for clips of works that did not teach the space's encoder.")
@click.option("--redux", metavar="NAME", help="One distance of many, as of `similar` [default: bpwr-10].")
@click.option("--lengths", metavar="'N ...'", help="Ask in pieces of so many segments, or all [default: all].")
@click.option("--maxlen", type=_SECONDS, metavar="S", help="Only the first seconds of a clip [default: all].")
@click.option("--qslen", type=click.FloatRange(0), metavar="S", help="Length of a query's shingles, 0: of all of it.")
@click.option("--qshop", type=_SECONDS, metavar="S", help="Hop of a query's shingles [default: as stored].")
@click.option("--cslen", type=click.FloatRange(0), metavar="S", help="As --qslen, of the clips that are searched.")
@click.option("--cshop", type=_SECONDS, metavar="S", help="As --qshop, of the clips that are searched.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="[default: auto]")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png", help="Draw it as well.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write report.json and queries.csv there.",
)
@of_space
@reads
@click.pass_context
def versions(context: click.Context, /, json_: bool, **options: Any) -> None:
    """Ask for every clip, and see how soon the other performances of its work come.

    All candidates are compared, but for clips of the query's own recording. The shingles are those that the space
    holds: a hop is a multiple of theirs; a longer shingle is the mean of those within it, a shorter one takes another
    space. MR1 is the mean rank of the first version; ARP and NAR are the share of wrong answers that stand before a
    right one, in %: ARP counts the query itself among the wrong ones, as published.

    \b
    Example:
      echodex evaluate versions --space chroma --queries "rendition = 'orig'"
      echodex evaluate versions --space run:covers --unseen
      echodex evaluate versions --space versions --maxlen 600 --lengths '1 2 4 all' --plot versions.png
    """
    from ..api import evaluate_versions
    from ..evaluation.versions.shingles import Shingles

    settings: Settings = context.obj
    given = {key: value for key, value in options.items() if value is not None}
    plot, max_s = given.pop("plot", None), given.pop("maxlen", None)
    given["query"] = Shingles(given.pop("qslen", None), given.pop("qshop", None), max_s)
    given["candidate"] = Shingles(given.pop("cslen", None), given.pop("cshop", None), max_s)
    if "lengths" in given:
        given["lengths"] = numbers_of_segments(given["lengths"], whole=0)
    report = evaluate_versions(store=settings.open(), progress=settings.progress, **given)
    if plot:
        from ..evaluation.versions.plot import draw_versions

        draw_versions(report, plot)
    print_report(report, json_)
