"""identify: what plays where."""

from __future__ import annotations

import sys
from typing import Any

import click

from .options import Settings, of_space, reads
from .output import print_json, print_table


@click.command()
@click.argument("query")
@click.option(
    "--min-score", type=click.FloatRange(-1, 1), help="Lowest mean cosine [default: above what strangers score]."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the N surest [default: all].")
@of_space
@reads
@click.pass_context
def identify(context: click.Context, /, query: str, json_: bool, **options: Any) -> None:
    """Show which clips play where in QUERY: an audio file of any length, or - for stdin.

    The space must have several segments a clip.

    \b
    Example:
      echodex identify broadcast.mp3
      ffmpeg -v error -i broadcast.mkv -f wav - | echodex identify - --json
    """
    settings: Settings = context.obj
    asked = sys.stdin.buffer if query == "-" else query
    matches = settings.open().identify(asked, progress=settings.progress, **options)
    if json_:
        print_json(matches)
    elif not matches:
        click.echo("nothing known plays here")
    else:
        print_table(
            ["query", "clip", "score", "confidence", "path"],
            [
                (
                    _range(m.query_start_s, m.query_end_s),
                    _range(m.clip_start_s, m.clip_end_s),
                    m.score,
                    m.confidence,
                    m.path,
                )
                for m in matches
            ],
        )


def _range(start_s: float, end_s: float) -> str:
    return f"{_clock(start_s)}-{_clock(end_s)}"


def _clock(seconds: float) -> str:
    """Return "1:02:03.5" or "2:03.5"."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02}" if hours else f"{minutes}") + f":{rest / 10:04.1f}"
