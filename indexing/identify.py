"""`identify`: what plays where in a file of any length."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..audio.unusable import Unusable
from ..errors import UsageError
from ..progress import Progress, silent
from ..schemas.hit import Match
from ..schemas.manifest import SEGMENT
from .index.opened import mended
from .sequence.finder import Asked, open_finder

if TYPE_CHECKING:
    from ..store.store import Store


def identify(
    store: Store,
    query: str | Path | BinaryIO,
    asked: Asked,
    *,
    space: str | None = None,
    limit: int | None = None,
    progress: Progress = silent,
) -> list[Match]:
    """Return which stretches of clips play in which stretches of an audio file, by where in the file they begin.

    query: the path of a file of any length, or an open binary file, which is copied to a temporary one first. No two
    matches claim the same time of the query: of several clips that match there, the one whose scores sum highest above
    the threshold is given. What is alike in silence alone (below -70 dB in the query, or what the encoder makes of
    silence in the clip) is no match. limit: only so many, the surest.

    Raises UsageError for a space without segments, NotFound for an unknown space, view or file, BadInput for a file
    that cannot be used.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit is how many matches to return, at least 1, not {limit}")
    found = store.space(space)
    with on_disk(query) as path:

        def matches() -> list[Match]:
            finder = open_finder(store, found, asked, progress)
            return finder.matches(finder.listen(path, progress))[:limit]

        surest = mended(matches, store, found, level=SEGMENT, progress=progress)
    return sorted(surest, key=lambda match: match.query_start_s)


@contextmanager
def on_disk(query: str | Path | BinaryIO) -> Iterator[str | Path]:
    """Yield a path of the query: decoders have to seek, which a pipe cannot."""
    if isinstance(query, str | Path):
        yield query
        return
    with tempfile.NamedTemporaryFile(prefix="echodex-query-") as spool:
        shutil.copyfileobj(query, spool)
        spool.flush()
        try:
            yield spool.name
        except Unusable as error:
            raise Unusable("the query's stream", error.reason, error.detail) from error
