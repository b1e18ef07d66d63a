"""The weights of the encoders that spaces were made with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ...encoders.base import digest_of
from ...errors import Damaged
from ...schemas.finding import Damage, Finding
from ...schemas.vector import Space
from ..spaces import IMPORTED, PREFIX, kept_weights
from ..tables import Tables
from .opened import Failed, tried

MADE_AGAIN = "made again where they ship with echodex; else put the file back from a copy of the store"


def space_findings(tables: Tables, names: list[str]) -> Iterator[Finding]:
    """Yield the spaces among the tables `names` whose weights are not those that their vectors were made with."""
    for name in names:
        if not name.startswith(PREFIX):
            continue
        space = tried(partial(_space, tables, name))
        if isinstance(space, Failed):
            yield Finding(Damage.TABLE, name, f"{name} does not say which encoder made it: {space.why}", "")
            continue
        why = "" if space.encoder == IMPORTED else _wrong(tables.folder, space)
        if why:
            yield Finding(Damage.WEIGHTS, space.name, f"the encoder of space {space.name}: {why}", MADE_AGAIN)


def _space(tables: Tables, name: str) -> Space:
    return Space.from_metadata(name.removeprefix(PREFIX), tables.schema(name).metadata)


def _wrong(folder: Path, space: Space) -> str:
    """Return what is wrong with the weights of a space, "" where they are right."""
    try:
        weights = kept_weights(folder, space) or {}
    except (Damaged, OSError) as error:
        return str(error)
    if digest_of(space.encoder, space.config, weights) == space.digest:
        return ""
    return "its weights are not those that its vectors were made with, or are missing"
