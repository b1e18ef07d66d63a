"""What the metadata of da-TACOS (Yesiler et al., 2019) tell of each performance of each work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import BadInput, NotFound
from ...schemas.read_json import read_json

Fields = tuple[tuple[str, str], ...]
Told = dict[tuple[str, str], dict[str, Any]]
"""What is told of each performance, by work and performance."""

_EXTRA = ("work_title", "work_artist", "release_year", "instrumental", "perf_artist_mbid")
"""What stands in `extra`; titles and artists of performances have columns of their own."""


def read_metadata(path: Path) -> Told:
    """Return what a JSON file of works of performances tells; raise NotFound, or BadInput where it is no such file."""
    if not path.is_file():
        raise NotFound(f"metadata {path} does not exist")
    try:
        works = read_json(path.read_bytes())
        found = {(work, name): about for work, group in works.items() for name, about in group.items()}
    except (ValueError, AttributeError) as error:
        raise BadInput(f"metadata {path} is not JSON as da-TACOS has it, works of performances ({error})") from error
    if not all(isinstance(about, dict) for about in found.values()):
        raise BadInput(f"metadata {path} is not JSON as da-TACOS has it: a performance is no list of names and values")
    if not all(work and name for work, name in found):
        raise BadInput(f"metadata {path} is not JSON as da-TACOS has it: a work or a performance has no name")
    return found


def said_of(told: Mapping[str, Any]) -> tuple[Fields, Fields]:
    """Return the descriptive columns and the `extra` that what is told of a performance gives a clip."""
    columns = (("title", told.get("perf_title")), ("artist", told.get("perf_artist")))
    fields = tuple((name, str(value)) for name, value in columns if value)
    return fields, tuple((name, str(told[name])) for name in _EXTRA if told.get(name) not in (None, ""))
