"""explore: the collection in a browser."""

from __future__ import annotations

import click

from .leaving import leave
from .options import Settings, as_json, of_space
from .output import print_json


@click.command()
@click.option("--view", metavar="NAME[@VERSION]", help="The view that the page begins with.")
@of_space
@click.option("--port", type=click.IntRange(0, 65_535), default=8765, show_default=True, help="0: any that is free.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--allow-remote", is_flag=True, help="Let --host be more than this machine.")
@click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser.")
@as_json
@click.pass_context
def explore(
    context: click.Context,
    /,
    view: str | None,
    space: str | None,
    port: int,
    host: str,
    allow_remote: bool,
    open_browser: bool,
    json_: bool,
) -> None:
    """See and hear the store in a browser: its map, neighbours, duplicates and views.

    Prints the URL of the page and serves it until Ctrl-C. The URL holds a secret: whoever has it can listen to the
    clips and save views. Of another machine, over SSH: `ssh -L 8765:127.0.0.1:8765 HOST`, then open the URL here;
    with `-L 9000:127.0.0.1:8765` open it with 9000 in the place of 8765.

    \b
    Example:
      echodex explore --open
      echodex explore --view lean --port 0
    """
    settings: Settings = context.obj
    store = settings.open()
    if allow_remote:
        click.echo("warning: whoever has the URL can listen to the clips, and it travels unencrypted", err=True)

    def ready(url: str) -> None:
        if json_:
            print_json({"url": url})
        else:
            click.echo(url)

    store.explore(
        view=view,
        space=space,
        host=host,
        port=port,
        allow_remote=allow_remote,
        open_browser=open_browser,
        ready=ready,
    )
    leave(0)  # what still decodes or works in a thread does not hold up the end
