"""Tables opened to be looked at: nothing of them is cached, and what Lance makes of a damaged file is a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ...errors import NotFound
from ..failures import UNREADABLE
from ..remote.address import is_uri
from ..remote.failing import failure, is_of_storage
from ..remote.tables import SUFFIX, dataset_at, place_of

if TYPE_CHECKING:
    import lance

T = TypeVar("T")

_SOURCE = re.compile(r",? \S+\.rs:\d+:\d+.*")
"""Where in its sources Lance gave up: nothing that helps who reads a finding."""
_SHOWN = 200
"""Characters of a library's message that a finding repeats."""


@dataclass(frozen=True)
class Failed:
    """What was tried did not work, and why."""

    why: str


def tried(work: Callable[[], T]) -> T | Failed:
    """Return what `work` returns, or why it failed. A damaged file can make Lance panic, which is no Exception."""
    try:
        return work()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        lines = str(error).splitlines() or [type(error).__name__]
        return Failed(_SOURCE.sub("", lines[0])[:_SHOWN])


def dataset_of(folder: Path, table: str, version: int | None = None) -> lance.LanceDataset:
    """Return a version of a table of the store at `folder` (None: the newest), read anew. Raises what Lance raises."""
    place = place_of(folder)
    if not is_uri(place) and not (folder / f"{table}{SUFFIX}").is_dir():
        raise NotFound(f"table {table} does not exist in {folder}")
    try:
        return dataset_at(place, table, version)
    except UNREADABLE as error:
        if is_uri(place) and is_of_storage(error):
            raise failure(f"{place}/{table}{SUFFIX}", error) from None
        raise


def held_versions(dataset: lance.LanceDataset) -> dict[str, int]:
    """Return the version that each tag of a table holds, by tag."""
    return {name: int(told["version"]) for name, told in dataset.tags.list().items()}
