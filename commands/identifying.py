"""identify: what plays where."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import EXIT_BAD_FILES, BadInput, UsageError
from ..progress import say
from ..schemas.plain import plain
from .options import Settings, of_space, reads
from .output import clock, print_json, print_table, safe, span

if TYPE_CHECKING:
    from ..schemas.hit import Match


@click.command()
@click.argument("queries", nargs=-1, metavar="[QUERY]...")
@click.option("--list", "listed", type=click.Path(), metavar="FILE", help="More queries, a path a line; needs --out.")
@click.option("--out", type=click.Path(), metavar="DIR", help="Answer all into files; goes on where it was stopped.")
@click.option("--microphone", is_flag=True, help="Listen, and tell each match once it is sure, until Ctrl-C.")
@click.option("--follow", is_flag=True, help="The same of stdin, as it comes: QUERY is -, which need not end.")
@click.option(
    "--min-score", type=click.FloatRange(-1, 1), help="Lowest mean cosine [default: above what strangers score]."
)
@click.option(
    "--phases",
    type=click.IntRange(1, 8),
    metavar="P",
    help="Hear the query on P grids, each 1/P of a hop later [default: 2 for hops of 0.25 s or more, else 1].",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Of one query, only the N surest.")
@of_space
@reads
@click.pass_context
def identify(
    context: click.Context, /, queries: tuple[str, ...], listed: str | None, out: str | None, **options: Any
) -> None:
    """Show which clips play where in QUERY: an audio file of any length, or - for stdin.

    The space must have several segments a clip. With --out, many queries are answered into answers.tsv,
    answers_detail.csv, answers.bin and songs.txt in DIR: of each its surest match.

    \b
    Example:
      echodex identify broadcast.mp3
      ffmpeg -v error -i broadcast.mkv -f wav - | echodex identify - --json
      ffmpeg -v error -i http://example.org/radio -f wav - | echodex identify - --follow
      echodex identify --list queries.txt --out answers
    """
    settings: Settings = context.obj
    json_, microphone, limit = options.pop("json_"), options.pop("microphone"), options.pop("limit")
    follow, many = options.pop("follow"), bool(out or listed)
    if microphone + many + (len(queries) == 1 and not many) != 1:
        raise UsageError("identify takes one QUERY, or several with --out DIR, or --microphone alone")
    if follow and (many or queries != ("-",)):
        raise UsageError("--follow is for -, which is stdin; a file is identified as a whole")
    if limit and (follow or microphone):
        raise UsageError("--limit is for a QUERY that ends")
    if follow or microphone:
        _follow(settings, options, json_, microphone=microphone)
    elif many:
        if not out or limit:
            raise UsageError("--list needs --out DIR, and --limit is for one QUERY")
        context.exit(_answer_all(settings, [*queries, *_lines(listed)], out, options, json_))
    else:
        asked = sys.stdin.buffer if queries[0] == "-" else queries[0]
        _show(settings.open().identify(asked, limit=limit, progress=settings.progress, **options), json_)


def _show(matches: list[Match], json_: bool) -> None:
    if json_:
        print_json(matches)
    elif not matches:
        click.echo("nothing known plays here")
    else:
        print_table(
            ["query", "clip", "score", "confidence", "path"],
            [
                (
                    span(m.query_start_s, m.query_end_s),
                    span(m.clip_start_s, m.clip_end_s),
                    m.score,
                    m.confidence,
                    m.path,
                )
                for m in matches
            ],
        )


def _answer_all(settings: Settings, queries: list[str], out: str, options: dict[str, Any], json_: bool) -> int:
    """Answer many queries into files; return the exit code."""
    report = settings.open().identify_all(queries, out, progress=settings.progress, **options)
    if json_:
        print_json(report)
    else:
        known = f" ({report.known} of them before)" if report.known else ""
        click.echo(
            f"{report.queries} queries{known}: {report.matched} matched, {report.unmatched} matched nothing, "
            f"{report.errors} could not be decoded; answers are in {safe(report.answers)}"
        )
    return EXIT_BAD_FILES if report.errors else 0


def _follow(settings: Settings, options: dict[str, Any], json_: bool, *, microphone: bool) -> None:
    """Print what plays in the microphone or in stdin, a line a match, until its end or Ctrl-C."""
    from ..audio.microphone import microphone as listening
    from ..audio.streamed import streamed

    store = settings.open()
    with listening() if microphone else streamed(sys.stdin.buffer) as (blocks, rate_hz):
        say(settings.progress, "listening; Ctrl-C ends")
        try:
            for match in store.identify_stream(blocks, rate_hz, **options):
                if json_:
                    click.echo(json.dumps(plain(match), ensure_ascii=False))
                else:
                    where = f"{clock(match.query_start_s)}  {match.confidence:.4f}  {clock(match.clip_start_s)}"
                    click.echo(f"{where} of {safe(match.path)}")
        except KeyboardInterrupt:
            say(settings.progress, "stopped")


def _lines(listed: str | None) -> list[str]:
    """Return the paths in a file of one path a line."""
    from ..store.sources import path_list

    if listed is None:
        return []
    try:
        with Path(listed).open("rb") as lines:
            return path_list(lines)
    except OSError as error:
        raise BadInput(f"the list {listed} cannot be read: {error}") from error
