"""Finding the store a command means: the one it names, $ECHODEX_STORE, or one found upward from here, like git."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import NotFound
from .remote.address import is_uri
from .sources import is_store

DEFAULT_FOLDER = "library"


def locate(given: str | Path | None, *, create: bool) -> str | Path:
    """Return the folder, or the URI, of the store: `given`, else $ECHODEX_STORE, else the nearest one at or above the
    current folder.

    Where there is none: `library` in the current folder if `create`, else NotFound.
    """
    named = given or os.environ.get("ECHODEX_STORE")
    if named:
        return named if is_uri(named) else Path(named).absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        for candidate in (folder, folder / DEFAULT_FOLDER):
            if is_store(candidate):
                return candidate
    if create:
        return here / DEFAULT_FOLDER
    raise NotFound(
        f"there is no store at or above {here}; make one with `echodex add FOLDER`, or name one with --store"
    )
