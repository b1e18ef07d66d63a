"""materialise: waveforms, or frames, ready for training."""

from __future__ import annotations

from typing import Any

import click

from ..errors import EXIT_BAD_FILES
from .options import Settings, on_cluster, reads
from .output import print_json, print_problems


@click.command()
@click.option("--rate", "sample_rate_hz", type=int, metavar="HZ", help="What the encoder wants [default: 22050].")
@click.option("--features", metavar="NAME", help="Features in the place of waveforms: cqt.")
@on_cluster
@reads
@click.pass_context
def materialise(context: click.Context, /, ray: str | None, json_: bool, **options: Any) -> None:
    """Write the waveforms of clips, mono and 16-bit, at a rate, into a table that training reads crops from.

    Training on crops at that rate then decodes no file. With --features cqt, constant-Q frames are written, for
    networks of versions. Safe to interrupt: run it again.

    \b
    Example:
      echodex materialise --view lean
      echodex materialise --features cqt
    """
    settings: Settings = context.obj
    with settings.on(ray) as store:
        report = store.materialise(progress=settings.progress, **options)
    if json_:
        print_json(report)
    else:
        click.echo(
            f"{report.table}: {report.written} clips written ({report.hours:.2f} h, {report.size_bytes / 1e6:.1f} MB), "
            f"{report.known} known"
        )
        print_problems(report.problems)
    context.exit(EXIT_BAD_FILES if report.problems else 0)
