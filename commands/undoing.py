"""Taking things back: what `prune --undo` does, and the question before anything is deleted."""

from __future__ import annotations

import sys

import click

from ..errors import UsageError
from .options import Settings
from .output import print_json

_WITH_UNDO = {"undo", "yes", "json_"}


def sure(what: str, yes: bool) -> None:
    """Ask whether to do `what` ("delete view lean@2"), unless `yes`. Raises UsageError where nobody is there to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"say --yes to {what}")
    click.confirm(f"{what.capitalize()}?", abort=True, err=True)


def undo(context: click.Context, name: str, yes: bool, json_: bool) -> None:
    """Take back the last save of a view, and say which version its name stands for then."""
    said = click.core.ParameterSource.COMMANDLINE
    other = sorted(key for key in context.params.keys() - _WITH_UNDO if context.get_parameter_source(key) is said)
    if other:
        option = next(param for param in context.command.params if param.name == other[0])
        raise UsageError(f"--undo only takes back the last save of {name}; leave out {option.opts[0]}")
    settings: Settings = context.obj
    last = settings.open().view(name)
    sure(f"take back view {last.address}", yes)
    before = last.undo()
    if json_:
        print_json({"undone": last, "view": before})
        return
    click.echo(f"took back {last.address}")
    now = f"is {before.address}, {before.kept} of {before.clips} clips" if before else "does not exist any more"
    click.echo(f"{last.name} {now}")
