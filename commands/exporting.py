"""export: what other programs take."""

from __future__ import annotations

import click

from .options import Settings, as_json
from .output import print_json


@click.group()
def export() -> None:
    """Write encoders and heads for other programs (views have `echodex views export`)."""


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
    """Write the encoder and projector that RUN trained as a torch file with CLMR's published names.

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
