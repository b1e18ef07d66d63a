"""add, embed, import: how clips and vectors come into a store."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from ..errors import EXIT_BAD_FILES, UsageError
from .options import Settings, as_json, assigned, on_cluster
from .output import SHOWN_PROBLEMS, print_json, print_more, print_problems, print_table, safe

if TYPE_CHECKING:
    from ..store.ingest import AddReport


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--labels", type=click.Path(), help="CSV with a path column: labels, splits, excerpts (docs/formats.md).")
@click.option("--label-column", metavar="NAME", help="Its label column [default: label, tags, category ...].")
@click.option(
    "--dataset",
    metavar="NAME",
    help="Instead of paths: clews, covers80, datacos, discogs_vi, esc50, gtzan, librispeech, magnatagatune, "
    "million_song, shs100k or spoken_digit (docs/datasets.md).",
)
@click.option("--root", type=click.Path(), help="The folder of the data set.")
@click.option("--download", is_flag=True, help="Fetch what of the data set is not there.")
@click.option(
    "--features",
    metavar="NAME",
    help="The paths are of features, not of audio: cqt (docs/coming-from-clews.md) or datacos "
    "(docs/coming-from-audio-embeddings.md).",
)
@click.option("--h5-root", type=click.Path(), help="Of cqt: the folder of the HDF5 files that a list names.")
@click.option("--mm-root", type=click.Path(), help="Of cqt: the folder of the .mm files.")
@click.option("--verify", is_flag=True, help="Add nothing: read the first file of features and say what it holds.")
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting of the data set or the features."
)
@click.option("--embed", metavar="ENCODER", help="Embed in the same pass: every file is decoded once.")
@click.option("--follow-links", is_flag=True, help="Also links, to what lies in the folders given [default: none].")
@click.option("--max-hours", type=float, default=1.0, show_default=True, help="Longer clips are refused.")
@on_cluster
@as_json
@click.pass_context
def add(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    features: str | None,
    assignments: tuple[str, ...],
    max_hours: float,
    ray: str | None,
    json_: bool,
    **options: Any,
) -> None:
    """Add files and folders of audio; "-" reads a list of paths from stdin.

    Each file is decoded once and ends as ok, or with a named reason. Known files are passed over. Safe to interrupt.

    \b
    Example:
      echodex add ~/music --labels labels.csv --embed timbre
      echodex add --dataset magnatagatune --root ~/mtt --download --set split=pons2017
      echodex add --features datacos ~/da-tacos_coveranalysis_subset_single_files --set split=train
      echodex add --features cqt index.jsonl --h5-root ~/dvi/h5 --mm-root ~/dvi/mm --verify
    """
    from ..audio.limits import Limits
    from ..store.sources import linked, path_list

    settings: Settings = context.obj
    named = [path for path in paths if path != "-"] + (path_list(sys.stdin.buffer) if "-" in paths else [])
    if not (named or options["labels"] or options["dataset"]):
        raise UsageError("nothing to add: name files or folders, a --labels CSV that lists them, or a --dataset")
    of_features = {name: options.pop(name) for name in ("verify", "h5_root", "mm_root")}
    _check_features(features, of_features, options)
    if options.pop("follow_links"):
        named = linked(named) or named
    told: dict[str, Any] = {"limits": Limits(max_decoded_s=max_hours * 3600), "progress": settings.progress}
    own = assigned(assignments) if assignments else {}
    if odd := own.keys() & (options.keys() | told.keys()):
        raise UsageError(f"--set is for the settings of the data set or the features; {min(odd)} is none")
    verify = of_features.pop("verify")
    own |= {name: folder for name, folder in of_features.items() if folder}
    if features and verify:
        _verify(features, named, own, json_)
        return
    if features and ray is not None:
        raise UsageError("--features are read by this machine alone; leave out --ray")
    with settings.on(ray, create=True) as store:
        report = (
            store.add_features(features, *named, **told, **own)
            if features
            else store.add(*named, **options, **told, **own)
        )
    _print_added(report, json_)
    context.exit(EXIT_BAD_FILES if report.problems or report.missing else 0)


def _check_features(features: str | None, of_features: dict[str, Any], others: dict[str, Any]) -> None:
    if features and any(others.values()):
        raise UsageError(
            "--features goes with paths, --set, --h5-root, --mm-root, --verify, --max-hours and --json: features have "
            "settings of their own"
        )
    if not features and any(of_features.values()):
        raise UsageError("--h5-root, --mm-root and --verify are of features: say which, as in --features cqt")


def _verify(features: str, paths: list[str], settings: dict[str, Any], json_: bool) -> None:
    from ..api import verify_features

    sample = verify_features(features, *paths, **settings)
    if json_:
        print_json(sample)
        return
    click.echo(f"the first of {sample.files} files, {sample.missing} missing:")
    rows = {"file": f"{sample.path} {sample.part}".rstrip(), **sample.said, **sample.told}
    rows["kept as"] = f"{sample.kept} ({sample.seconds:.1f} s)"
    print_table(["what", "value"], rows.items())


def _print_added(report: AddReport, json_: bool) -> None:
    if json_:
        print_json(report)
    else:
        for note in report.notes:
            click.echo(safe(note))
        click.echo(f"added {report.added} clips ({report.hours:.2f} h), {report.known} known, {report.updated} updated")
        for count in report.works:
            click.echo(safe(str(count)))
        if report.unmatched_labels:
            click.echo(f"{report.unmatched_labels} paths of the labels file are not among the files added")
        for conflict in report.conflicts[:SHOWN_PROBLEMS]:
            kept, ignored = safe(conflict.kept), safe(conflict.ignored)
            click.echo(f"conflict: {safe(conflict.path)} says {conflict.column}={ignored}, kept {kept}")
        _print_missing(report.missing)
        print_problems(report.problems)


@click.command()
@click.argument("encoder", default="timbre")
@click.option("--checkpoint", metavar="FILE|URL", help="Weights of the encoder, where it needs some.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting of the encoder.")
@click.option("--refit", is_flag=True, help="Fit the encoder's last layer on today's clips: makes a new space.")
@click.option("--frames", metavar="NAME", help="From constant-Q frames in the store, not from audio: cqt.")
@click.option("--view", metavar="NAME[@VERSION]", help="Only clips that this view keeps.")
@click.option("--where", metavar="SQL", help="Only clips that this filter selects.")
@on_cluster
@as_json
@click.pass_context
def embed(
    context: click.Context,
    /,
    encoder: str,
    assignments: tuple[str, ...],
    ray: str | None,
    json_: bool,
    **options: Any,
) -> None:
    """Give every clip a vector by ENCODER: a name, a checkpoint, a YAML file or run:NAME.

    The last is what a finished run trained. Safe to interrupt: run it again.

    \b
    Example:
      echodex embed timbre
      echodex embed clmr --checkpoint clmr_checkpoint_10000.pt
      echodex embed run:clmr-lean-1
      echodex embed versions --checkpoint dvi-clews/checkpoint_best.ckpt --frames cqt
    """
    settings: Settings = context.obj
    if ray is not None and options["frames"]:
        raise UsageError("--frames are read by this machine alone; leave out --ray")
    with settings.on(ray) as store:
        report = store.embed(encoder, settings=assigned(assignments), progress=settings.progress, **options)
    if json_:
        print_json(report)
    else:
        click.echo(f"space {report.space.name}: embedded {report.embedded} clips, {report.known} known")
        if report.without_frames:
            click.echo(f"{report.without_frames} clips have no frames of that name")
        if report.space.note:
            click.echo(report.space.note)
        print_problems(report.problems)
    context.exit(EXIT_BAD_FILES if report.problems else 0)


@click.command("import")
@click.argument("path", type=click.Path())
@click.option("--name", required=True, help="The space to import into.")
@click.option("--ids", type=click.Path(), help="For .npy: a text file with one clip id or path a line.")
@as_json
@click.pass_context
def import_(context: click.Context, /, path: str, name: str, ids: str | None, json_: bool) -> None:
    """Import vectors you already have, from Parquet or .npy, as a space.

    \b
    Example:
      echodex import vectors.npy --ids paths.txt --name mymodel
    """
    settings: Settings = context.obj
    space, new = settings.open().import_vectors(name, path, ids)
    if json_:
        print_json({"space": space, "imported": new})
    else:
        click.echo(f"space {space.name}: imported {new} vectors of {space.dim} dimensions")


def _print_missing(missing: list[str]) -> None:
    if not missing:
        return
    click.echo(f"{len(missing)} files of the data set are missing:")
    for path in missing[:SHOWN_PROBLEMS]:
        click.echo(safe(path))
    print_more(len(missing) - SHOWN_PROBLEMS)
