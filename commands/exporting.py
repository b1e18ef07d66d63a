"""export: what other programs take."""

from __future__ import annotations

from typing import Any

import click

from ..errors import EXIT_BAD_FILES
from .options import Settings, as_json, assigned, of_space
from .output import print_json, print_problems, print_table


@click.group()
def export() -> None:
    """Write encoders, heads, vectors, fingerprints and maps for other programs (views have `echodex views export`)."""


@export.command()
@click.argument("target")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--head", type=click.Path(), help="A published head file to put on the encoder.")
@as_json
@click.pass_context
def onnx(context: click.Context, /, target: str, file: str, head: str | None, json_: bool) -> None:
    """Write TARGET as an ONNX model: a space, a run (a probe with its head) or a checkpoint.

    Input `audio` (1, 1, 59049); output `representation`, or `logits` where there is a head.

    \b
    Example:
      echodex export onnx probe-lean tagger.onnx
      echodex export onnx clmr_checkpoint_10000.pt clmr.onnx --head finetuner_checkpoint_200.pt
    """
    from ..api import export_onnx
    from ..training.onnx_export import is_file_name

    settings: Settings = context.obj
    store = None if is_file_name(target) else settings.open()
    done = export_onnx(target, file, head=head, store=store, progress=settings.progress)
    if json_:
        print_json(done)
    else:
        click.echo(f"{done.path}: {done.input} (1, 1, {done.samples}) -> {done.output} (1, {done.length})")


@export.command()
@click.argument("run")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--layout",
    type=click.Choice(["bare", "lightning"]),
    default="bare",
    show_default=True,
    help="The state dict alone, as CLMR's authors released theirs, or a checkpoint as their program writes it.",
)
@as_json
@click.pass_context
def checkpoint(context: click.Context, /, run: str, file: str, layout: str, json_: bool) -> None:
    """Write the network that RUN trained as a torch file with its published names: CLMR's encoder and projector, or the
    autoencoder of the da-TACOS study.

    \b
    Example:
      echodex export checkpoint clmr-lean-1 clmr_lean.pt
    """
    settings: Settings = context.obj
    path = settings.open().run(run).export_checkpoint(file, layout=layout)
    if json_:
        print_json({"path": str(path), "layout": layout})
    else:
        click.echo(f"{path}: {layout} checkpoint of run {run}")


@export.command()
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--dummy-db", metavar="SOURCE", help="What answers no query.")
@click.option("--db", metavar="SOURCE", help="What queries are replicas of.")
@click.option("--query", metavar="SOURCE", help="The replicas, clip for clip, by the order of their paths.")
@click.option("--source", "custom_source", metavar="SOURCE", help="Anything else, into custom_source.mm.")
@click.option("--encoder", metavar="ENCODER", help="Make the fingerprints by this one: a name, a YAML file, run:NAME.")
@click.option("--checkpoint", metavar="FILE|URL", help="Weights of --encoder, where it needs some.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting of --encoder.")
@of_space
@as_json
@click.pass_context
def memmap(context: click.Context, /, folder: str, assignments: tuple[str, ...], json_: bool, **options: Any) -> None:
    """Write fingerprints into FOLDER as neural-audio-fp's `generate` does: NAME.mm and NAME_shape.npy.

    SOURCE is view:NAME (view:all: every clip), as --space has it, or a folder of audio, by the encoder of --space. What
    is not named is left out. NAME_songs.csv tells which clips the rows are of, NAME_rows.parquet each row's start.
    Nothing is written over.

    \b
    Example:
      echodex export memmap emb/101 --dummy-db view:others --db view:originals --query replicas/
      echodex export memmap emb/mine --source wavs/ --encoder fingerprint --checkpoint model.pt --set preset=nafp
      echodex evaluate fingerprint emb/101 --songs emb/101/db_songs.csv --test-ids all
    """
    from ..api import export_memmap
    from ..evaluation.fingerprint.exporting import needs_store
    from ..evaluation.fingerprint.memmap import NAMES

    settings: Settings = context.obj
    given = {name: value for name, value in options.items() if value is not None}
    sources = [given[name] for name in NAMES if name in given]
    store = settings.open() if needs_store(sources, given.get("encoder")) else None
    report = export_memmap(folder, store=store, settings=assigned(assignments), progress=settings.progress, **given)
    if json_:
        print_json(report)
    else:
        print_table(["part", "clips", "rows", "dim"], [(p.name, p.clips, p.rows, p.dim) for p in report.parts])
        print_problems(report.problems)
    context.exit(EXIT_BAD_FILES if report.problems else 0)


@export.command()
@click.argument("source", type=click.Path())
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--encoder", default="versions", show_default=True, help="A name, a checkpoint, a YAML file or run:NAME.")
@click.option("--checkpoint", metavar="FILE|URL", help="Weights of the encoder, where it needs some.")
@click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="A setting of the encoder.")
@as_json
@click.pass_context
def tensors(
    context: click.Context, /, source: str, folder: str, assignments: tuple[str, ...], json_: bool, **options: Any
) -> None:
    """Write the vectors of each audio file of SOURCE as a torch file (segments, dim) below FOLDER, as CLEWS does.

    a/b.mp3 becomes a/b.pt. Nothing is removed or written over: run it again to go on; another encoder takes another
    folder. What cannot be read is told and passed over.

    \b
    Example:
      echodex export tensors music/ vectors/ --checkpoint checkpoint_best.ckpt
      echodex export tensors music/ vectors/ --encoder run:versions-1 --set hop_s=10
    """
    from ..api import export_tensors
    from ..schemas.run import TRAINED

    settings: Settings = context.obj
    if options["encoder"].startswith(TRAINED):
        options["store"] = settings.open()
    report = export_tensors(source, folder, settings=assigned(assignments), progress=settings.progress, **options)
    if json_:
        print_json(report)
    else:
        click.echo(f"{report.folder}: {report.written} files written, {report.known} known, of {report.dim} dimensions")
        print_problems(report.problems)
    context.exit(EXIT_BAD_FILES if report.problems else 0)


@export.command()
@click.argument("file", type=click.Path(dir_okay=False))
@of_space
@click.option("--view", metavar="NAME[@VERSION]", help="Only clips that this view keeps.")
@click.option("--method", type=click.Choice(["pca", "umap"]), default="pca", show_default=True, help="Of the map.")
@click.option("--neighbours", type=click.IntRange(1), default=10, show_default=True, help="How many, of each clip.")
@click.option("--audio", is_flag=True, help="Put the audio of the clips in, to play it there: a large file.")
@as_json
@click.pass_context
def atlas(context: click.Context, /, file: str, json_: bool, **options: Any) -> None:
    """Write the map as a Parquet file for Embedding Atlas: coordinates, neighbours, names, paths, and what the explorer
    colours by, from labels to what each view keeps.

    \b
    Example:
      echodex export atlas clips.parquet --method umap --audio
      embedding-atlas clips.parquet --x x --y y --neighbors neighbors
    """
    settings: Settings = context.obj
    done = settings.open().export_atlas(file, progress=settings.progress, **options)
    if json_:
        print_json(done)
    else:
        heard = f", {done.audio:,} with audio" if options["audio"] else ""
        click.echo(f"{done.path}: {done.clips:,} clips{heard}")
        click.echo(f"open it: embedding-atlas {done.path} --x x --y y --neighbors neighbors")
