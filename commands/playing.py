"""play: what training hears of a clip."""

from __future__ import annotations

from typing import Any

import click

from .options import Settings, as_json
from .output import print_json, safe


@click.command()
@click.argument("clip")
@click.option(
    "--augment", type=click.Choice(["clmr", "fingerprint"]), help="Through this chain [default: the crop as it is]."
)
@click.option(
    "--out", metavar="FILE.wav", help="Where to write [default: CLIP.CHAIN-SEED-EPOCH.wav in the current folder]."
)
@click.option("--seed", type=click.IntRange(0), default=42, show_default=True)
@click.option("--epoch", type=click.IntRange(0), default=0, show_default=True, help="Another epoch, another crop.")
@as_json
@click.pass_context
def play(context: click.Context, /, clip: str, json_: bool, **options: Any) -> None:
    """Write what training hears of a clip as a WAV file.

    CLIP is an id or the path of a file that was added. No sound device is used: open the WAV file in a player. It is a
    crop of 2.68 s at 22,050 Hz, the one that training with this seed takes in this epoch, in 32-bit float; of
    fingerprints, a replica of 1 s at 8,000 Hz.

    \b
    Example:
      echodex play song.mp3
      echodex play --augment clmr song.mp3 --epoch 1
      echodex play --augment fingerprint song.mp3
    """
    settings: Settings = context.obj
    heard = settings.open().play(clip, **options)
    if json_:
        print_json(heard)
    else:
        click.echo(safe(heard.path))
