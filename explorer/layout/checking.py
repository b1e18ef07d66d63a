"""Kept layouts against the spaces that they are of. They are caches, as indexes are: mending one is taking it away."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ...schemas.finding import Damage, Finding
from ...store.checking.opened import Failed, tried
from ...store.spaces import list_spaces
from .kept import FOLDER, kept_layout

if TYPE_CHECKING:
    from ...store.store import Store

TAKEN_AWAY = "taken away; `echodex map` makes it again"


def map_findings(store: Store) -> Iterator[Finding]:
    """Yield the maps of a store that cannot be read, are not what was written, or are of a space that is not there."""
    spaces = tried(partial(list_spaces, store.tables))
    if isinstance(spaces, Failed):  # told of the table
        return
    by_name = {space.name: space for space in spaces}
    for path in sorted(store.beside(FOLDER).glob("*/*.arrow")):
        space = by_name.get(path.parent.name)
        if space is None or kept_layout(store, space, path.stem) is None:
            where = str(path.relative_to(store.path))
            what = f"map {where} is not what was written, or of another space"
            yield Finding(Damage.INDEX, where, what, TAKEN_AWAY, False)
