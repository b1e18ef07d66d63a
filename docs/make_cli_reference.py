"""Write docs/cli.md from the command line itself: `make docs`. A test fails when the two differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from echodex.cli import cli
from echodex.errors import EchodexError

TARGET = Path(__file__).parent / "cli.md"
HEAD = """# Command reference

Made by `make docs` from the commands themselves; do not edit.

Data goes to stdout, progress and errors to stderr. Every verb that reads takes `--json`.

## Exit codes

| code | meaning |
|---|---|
"""


def reference() -> str:
    """Return the whole page."""
    commands = "\n".join(_section(path, command) for path, command in _walk(cli, "echodex"))
    return HEAD + _exit_codes() + "\n" + commands


def _exit_codes() -> str:
    again = "run the same command again"
    codes = {0: "done", 3: "finished, but some files are not ok", 130: f"interrupted: {again}"}
    codes[143] = f"ended by SIGTERM: {again}"
    codes |= {error.exit_code: (error.__doc__ or "") for error in [EchodexError, *EchodexError.__subclasses__()]}
    return "".join(f"| {code} | {codes[code].splitlines()[0].rstrip('.')} |\n" for code in sorted(codes))


def _walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _walk(command.commands[name], f"{path} {name}")


def _section(path: str, command: click.Command) -> str:
    names = cli.context_settings["help_option_names"]  # as every command inherits them from the group
    context = click.Context(command, info_name=path, max_content_width=110, terminal_width=110, help_option_names=names)
    return f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    TARGET.write_text(reference())
