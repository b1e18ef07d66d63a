"""Lists of cliques as Discogs-VI has them: {clique: [{version_id, youtube_id, track_title}]}, the last where it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...errors import BadInput, NotFound
from ...schemas.read_json import read_json

LEAST_LETTERS = 2
"""A video's file lies in a folder of the first letters of its id."""


class Listed(NamedTuple):
    """A version of a clique: its id, that of its video, and its title, "" where it is not told."""

    clique: str
    version: str
    video: str
    title: str


def read_cliques(path: Path) -> Iterator[Listed]:
    """Yield the versions of a list; raise NotFound, or BadInput where it is no such list."""
    if not path.is_file():
        raise NotFound(f"list of cliques {path} does not exist")
    try:
        cliques = read_json(path.read_bytes())
        pairs = [(clique, version) for clique, versions in cliques.items() for version in versions]
        found = [Listed(c, v["version_id"], v["youtube_id"], v.get("track_title") or "") for c, v in pairs]
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise BadInput(f"{path} is no dictionary of cliques of versions ({error!r}); download it again") from error
    for listed in found:
        named = all(isinstance(told, str) for told in listed) and listed.clique and listed.version
        if not named or len(listed.video) < LEAST_LETTERS:
            raise BadInput(
                f"{path}: clique {listed.clique[:80]!r} has {listed.version!r} as a version and {listed.video!r} as "
                "its video; all three are text, and none is empty"
            )
        yield listed
