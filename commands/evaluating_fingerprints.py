"""evaluate fingerprint: are recordings found again, and where."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from .options import Settings, numbers_of_segments, of_space, reads
from .output import print_report

if TYPE_CHECKING:
    from ..api import Store

_FOLDER = click.Path(file_okay=False, path_type=Path)
_OF_PROTOCOL = ("index", "lengths", "test_ids", "k_probe", "strict", "max_train", "device", "out")
_OF_FOLDER = (*_OF_PROTOCOL, "folder", "dummy_folder", "songs", "seed")
_OF_SPACE = (*_OF_PROTOCOL, "queries", "space", "view", "where", "seed")
_OF_CURVE = ("robustness", "plot", "space", "view", "where", "seed")
_OF_LIVE = ("live", "space", "view", "where", "seed")


@click.command()
@click.argument("folder", required=False, type=_FOLDER)
@click.option(
    "--dummies",
    "dummy_folder",
    type=_FOLDER,
    metavar="FOLDER",
    help="With FOLDER: of dummy_db.",
)
@click.option("--songs", metavar="N|FILE", help="With FOLDER: segments a song, or a CSV of name,segments.")
@click.option(
    "--queries",
    metavar="SOURCE",
    help="Of a space: a folder, a CSV of query,answer,time, view:NAME or space:NAME.",
)
@click.option("--live", type=click.IntRange(1), metavar="N", help="Of a space: N damaged cuts, and N of others.")
@click.option("--robustness", is_flag=True, default=None, help="Of a space: hit rates by noise, room, codec and more.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png", help="With --robustness.")
@click.option("--index", metavar="TYPE", help="l2, ivf, ivfpq, ivfpq-rr, hnsw, pfann [default: ivfpq].")
@click.option("--lengths", metavar="'N ...'", help="Query lengths in segments [default: 1 3 5 9 11 19].")
@click.option("--test-ids", "-t", metavar="IDS", help="icassp, all, N or FILE.npy [default: icassp, of a space all].")
@click.option("--k-probe", "-k", type=click.IntRange(1), help="Neighbours of each segment [default: 20].")
@click.option("--strict", is_flag=True, default=None, help="Stay inside songs, as of a space always.")
@click.option("--max-train", type=click.IntRange(1), help="Rows an index may learn from [default: 10000000].")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Of the index [default: auto].")
@click.option("--out", type=_FOLDER, metavar="FOLDER", help="Write raw_score.npy, test_ids.npy and more there.")
@click.option("--seed", type=click.IntRange(0), help="Of what is drawn [default: 0].")
@of_space
@reads
@click.pass_context
def fingerprint(context: click.Context, /, json_: bool, **options: Any) -> None:
    """Find recordings again by the published protocol: in FOLDER with query, db and dummy_db as .mm, or in a space.

    With --live, queries are made of the clips themselves: noise, rooms, narrow bands and a codec, and `identify` is
    asked for them, and for others that were left out of the search. With --robustness, 100 cuts of 5 s are damaged in
    one way at a time.

    \b
    Example:
      echodex evaluate fingerprint logs/emb/NAME/101 --test-ids icassp --index ivfpq
      echodex evaluate fingerprint --space fingerprint --queries replicas.csv --index l2
      echodex evaluate fingerprint --live 200
      echodex evaluate fingerprint --robustness --plot robustness.png
    """
    settings: Settings = context.obj
    given = {key: value for key, value in options.items() if value is not None}
    if "folder" in given and given.keys() <= set(_OF_FOLDER):
        report = _by_protocol(settings, None, given)
    elif "queries" in given and given.keys() <= set(_OF_SPACE):
        report = _by_protocol(settings, settings.open(), given)
    elif "live" in given and given.keys() <= set(_OF_LIVE):
        report = _live(settings, given)
    elif "robustness" in given and given.keys() <= set(_OF_CURVE):
        report = _robustness(settings, given)
    else:
        raise UsageError(
            "say either FOLDER, or --queries SOURCE, or --live N, or --robustness, each with its own options"
        )
    print_report(report, json_)


def _by_protocol(settings: Settings, store: Store | None, given: dict[str, Any]) -> Any:
    from ..api import evaluate_fingerprint

    if "lengths" in given:
        given["lengths"] = numbers_of_segments(given["lengths"])
    return evaluate_fingerprint(store=store, progress=settings.progress, **given)


def _live(settings: Settings, given: dict[str, Any]) -> Any:
    from ..evaluation.fingerprint.live import LiveConfig, evaluate_live

    config = LiveConfig(queries=given.pop("live"), seed=given.pop("seed", 0))
    return evaluate_live(settings.open(), config, progress=settings.progress, **given)


def _robustness(settings: Settings, given: dict[str, Any]) -> Any:
    from ..evaluation.fingerprint.robustness import evaluate_robustness

    plot = given.pop("plot", None)
    given.pop("robustness")
    report = evaluate_robustness(settings.open(), progress=settings.progress, **given)
    if plot:
        from ..evaluation.fingerprint.robustness_plot import draw_robustness

        draw_robustness(report, plot)
    return report
