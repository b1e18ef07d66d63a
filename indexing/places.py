"""Finding the clips of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotFound, UsageError
from ..store.remote.address import checked, is_uri
from ..store.remote.sources import is_there, told_of
from ..store.sources import source_path
from ..store.where import array_has, storable

if TYPE_CHECKING:
    from ..store.store import Store


@dataclass(frozen=True)
class Place:
    """A clip added from a path. excerpt: only a part of the file; unchanged: the file is still as it was then."""

    clip_id: str
    excerpt: bool
    unchanged: bool


def clips_at(store: Store, path: str | Path) -> list[Place]:
    """Return the usable clips that were added from `path`, by clip id; the file need not be there any more."""
    wanted = source_path(path)
    if not storable(wanted):
        return []
    columns = ["clip_id", "uris", "mtimes_ns", "size_bytes", "excerpt"]
    clips = store.clips(columns, where=array_has("uris", wanted))
    try:
        state = told_of(wanted)
    except OSError:
        state = (-1, -1)
    places = []
    for row in clips.to_pylist():
        mtime_ns = row["mtimes_ns"][row["uris"].index(wanted)]
        places.append(Place(row["clip_id"], bool(row["excerpt"]), (mtime_ns, row["size_bytes"]) == state))
    return places


def is_file(text: str) -> bool:
    """Whether text is the path, or the URI, of an existing file."""
    try:
        return is_there(checked(text)) if is_uri(text) else Path(text).is_file()
    except (OSError, ValueError):  # too long for a path, or with a NUL in it
        return False


def shown(uris: list[str]) -> str:
    """Return the first place of a clip that exists, else the first."""
    return next((uri for uri in uris if is_uri(uri) or Path(uri).exists()), uris[0])


def clip_of(store: Store, named: str | Path) -> str:
    """Return the clip that `named`, a clip id or the path of a file, stands for.

    Raises NotFound where there is none, UsageError where a file holds several clips.
    """
    places = clips_at(store, named)
    if len(places) > 1:
        ids = ", ".join(place.clip_id for place in places[:5])
        raise UsageError(f"{named} holds {len(places)} clips; name one by its id: {ids}")
    if places:
        return places[0].clip_id
    if not isinstance(named, str) or not storable(named) or not len(store.clips(["clip_id"], clip_ids=[named])):
        raise NotFound(
            f"{str(named)[:200]!r} is neither a usable clip of {store.place} nor a file that was added to it"
        )
    return named
