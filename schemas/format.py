"""The store's own marker file `echodex.json`: a format name and a version, checked whenever a store is opened."""

from __future__ import annotations

from typing import Any

from ..errors import Damaged
from .read_json import read_json

MARKER = "echodex.json"
FORMAT_NAME = "echodex"
FORMAT_VERSION = 2


def marker() -> dict[str, Any]:
    """Return the content of a new store's `echodex.json`."""
    return {"format": FORMAT_NAME, "version": FORMAT_VERSION}


def check_marker(text: str, where: str) -> int:
    """Return the version of the format that `text` is the marker of. Raises Damaged where this echodex cannot read it.

    `where` names the file in the message.
    """
    try:
        found = read_json(text)
        name, version = found["format"], int(str(found["version"]))  # no 1.5, which would be taken for 1
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{where} is not the marker of an echodex store; restore it from a copy of the store") from error
    if name != FORMAT_NAME:
        raise Damaged(f"{where} says format {name!r}, not {FORMAT_NAME!r}; this folder is not an echodex store")
    if version < 1:
        raise Damaged(f"{where} says version {version}, which there never was; restore it from a copy of the store")
    if version > FORMAT_VERSION:
        raise Damaged(
            f"{where} is of format version {version}, this echodex reads up to {FORMAT_VERSION}; "
            "install a newer echodex to open it"
        )
    return version
