"""evaluate cliques: are performances of one work nearer to each other than to others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import Settings, of_space, reads
from .output import print_report


@click.command()
@click.option("--samples", type=click.IntRange(1), default=100, show_default=True, help="Other clips drawn for a work.")
@click.option("--bins", type=click.IntRange(2), default=40, show_default=True, help="Of the histograms.")
@click.option("--standardise", is_flag=True, help="Bring the columns to one scale first, by the train clips.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png", help="Draw them, too.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of what is drawn.")
@of_space
@reads
@click.pass_context
def cliques(
    context: click.Context,
    /,
    samples: int,
    bins: int,
    seed: int,
    standardise: bool,
    plot: Path | None,
    json_: bool,
    **where: str | None,
) -> None:
    """Compare distances within works and to others: histograms, AUC and overlap (the da-TACOS study).

    By the work column and the Euclidean distance of vectors as they are stored. Within a work of two clips or more: the
    mean over them of the mean distance to its others. To others: the mean distance to all clips of those works that
    --samples other clips fall on. AUC is how probable it is that the latter is the larger; 0.5 is chance.

    \b
    Example:
      echodex evaluate cliques --space run:ae --where "split = 'valid'" --plot cliques.png
      echodex evaluate cliques --space datacos --standardise --json
    """
    from ..api import evaluate_cliques

    settings: Settings = context.obj
    drawn: dict[str, Any] = {"samples": samples, "bins": bins, "seed": seed}
    report = evaluate_cliques(store=settings.open(), standardise=standardise, **drawn, **where)
    if plot:
        from ..evaluation.cliques.plot import draw_cliques

        draw_cliques(report, plot)
    print_report(report, json_)
