"""decisions: list, pin, distinct, representative, undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .options import Settings, as_json
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..schemas.decision import Decision

_noted = click.option("--note", default="", metavar="TEXT", help="Why, for whoever reads it later.")


@click.group()
def decisions() -> None:
    """What was decided about clips among their duplicates; `prune` and `duplicates` heed it. CLIP: an id, or a path."""


@decisions.command("list")
@click.option("--undone", is_flag=True, help="Also those that were taken back.")
@as_json
@click.pass_context
def list_(context: click.Context, /, undone: bool, json_: bool) -> None:
    """List the decisions that stand, oldest first.

    \b
    Example:
      echodex decisions list --undone
    """
    settings: Settings = context.obj
    _print(settings.open().decisions(undone=undone), json_)


@decisions.command()
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@_noted
@as_json
@click.pass_context
def pin(context: click.Context, /, clips: tuple[str, ...], note: str, json_: bool) -> None:
    """Keep clips, whatever is pruned, as `prune --pin` does for one plan.

    \b
    Example:
      echodex decisions pin song42.mp3 --note "the only live take"
    """
    _decide(context, "pin", [(clip, None) for clip in clips], note, json_)


@decisions.command()
@click.argument("one", metavar="CLIP")
@click.argument("other", metavar="OTHER")
@_noted
@as_json
@click.pass_context
def distinct(context: click.Context, /, one: str, other: str, note: str, json_: bool) -> None:
    """Say that two clips are no duplicates of each other, however near they are.

    \b
    Example:
      echodex decisions distinct take1.wav take2.wav
    """
    _decide(context, "distinct", [(one, other)], note, json_)


@decisions.command()
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@_noted
@as_json
@click.pass_context
def representative(context: click.Context, /, clips: tuple[str, ...], note: str, json_: bool) -> None:
    """Let clips stand for their duplicates. Of two in one group, the one that was chosen last does.

    \b
    Example:
      echodex decisions representative remaster.flac
    """
    _decide(context, "representative", [(clip, None) for clip in clips], note, json_)


@decisions.command()
@click.argument("decision_ids", nargs=-1, required=True, metavar="ID...")
@as_json
@click.pass_context
def undo(context: click.Context, /, decision_ids: tuple[str, ...], json_: bool) -> None:
    """Take decisions back, by the ids that `decisions list` shows. Views that were saved stay what they are.

    \b
    Example:
      echodex decisions undo d3
    """
    settings: Settings = context.obj
    store = settings.open()
    known = {made.decision_id for made in store.decisions(undone=True)}
    unknown_first = sorted(decision_ids, key=known.__contains__)  # so that nothing is undone where one does not exist
    _print([store.undo_decision(decision_id) for decision_id in unknown_first], json_)


def _decide(context: click.Context, kind: str, named: Sequence[tuple[str, str | None]], note: str, json_: bool) -> None:
    """Make a decision for each clip or pair that is named, once all of them are known."""
    from ..indexing.places import clip_of

    settings: Settings = context.obj
    store = settings.open()
    clips = [(clip_of(store, one), other and clip_of(store, other)) for one, other in named]
    _print([store.decide(kind, one, other, note) for one, other in clips], json_)


def _print(found: list[Decision], json_: bool) -> None:
    if json_:
        print_json(found)
        return
    rows = [
        (made.decision_id, made.kind, made.clip_id, made.other, made.note or None, made.made_at[:19], _when(made))
        for made in found
    ]
    print_table(["decision", "kind", "clip", "other", "note", "made", "undone"], rows)


def _when(made: Decision) -> str | None:
    return made.undone_at and made.undone_at[:19]
