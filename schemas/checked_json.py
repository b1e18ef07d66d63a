"""JSON files with a format, a version and a checksum of their own: what is read is what was written, or Stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import Stale
from .read_json import read_json

T = TypeVar("T")


def checked_text(plain: dict[str, Any]) -> str:
    """Return JSON text of `plain` with one more field, `checksum`; for `read_checked` it has `format` and `version`."""
    return json.dumps(plain | {"checksum": _checksum(plain)}, indent=1, sort_keys=True)


def read_checked(text: str, where: str, known: tuple[str, int], make: Callable[[dict[str, Any]], T]) -> T:
    """Return what `make` makes of the fields that `checked_text` wrote, the checksum left out.

    known: the format and version that can be read; where: names the file in errors. Raises Stale where the text is of
    another format, is not what was written, or `make` finds a field missing, too many or of a wrong type.
    """
    try:
        plain = read_json(text)
        checksum = plain.pop("checksum")
        if (plain["format"], plain["version"]) != known:
            raise Stale(f"{where} is of format {plain['format']} {plain['version']}, not {known[0]} {known[1]}")
        if checksum != _checksum(plain):
            raise Stale(f"{where} is not what was written")
        return make(plain)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Stale(f"{where} is not a file of format {known[0]}") from error


def intact(plain: Any) -> dict[str, Any]:
    """Return the fields that `checked_text` wrote, the checksum left out; those of an older file, which has none, as
    they are. Raises ValueError where they are not what was written.
    """
    if not isinstance(plain, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004  (of the file, not of an argument)
    fields = {name: value for name, value in plain.items() if name != "checksum"}
    if "checksum" in plain and plain["checksum"] != _checksum(fields):
        raise ValueError("it is not what was written")
    return fields


def _checksum(plain: dict[str, Any]) -> str:
    """Return the SHA-256, in hex, of the fields as JSON in the order of their names."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
