"""What it means that Lance cannot read: the filter is wrong, the version was cleaned up, or the files are damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Damaged, EchodexError, NotFound, Stale, UsageError
from .remote.address import is_uri
from .remote.failing import failure, is_of_storage

if TYPE_CHECKING:
    from .tables import Tables

UNREADABLE = (ValueError, OSError, RuntimeError)
"""What Lance raises, of these not always the same one for the same reason."""

_OF_THE_FILTER = ("Error applying filter expression",)
_AT_ONCE = "Invalid user input"
"""How Lance begins where it refuses a filter before it reads anything; damaged files may say so later in the line."""


def failed_open(tables: Tables, name: str, version: int | None, error: Exception) -> EchodexError:
    """Return the error for a version of a table (None: the newest) that cannot be opened."""
    if is_uri(tables.place) and is_of_storage(error):
        return failure(f"{tables.place}/{name}.lance", error)
    if version is not None and "not found" in str(error).lower() and _is_superseded(tables, name, version):
        return _gone(tables, name, version)
    which = name if version is None else f"version {version} of {name}"
    return Damaged(f"{which} in {tables.place} cannot be opened ({_first_line(error)}); run `echodex repair`")


def failed_read(tables: Tables, name: str, version: int, where: str | None, error: Exception) -> EchodexError:
    """Return the error for rows of a version of a table, which was opened, that cannot be read.

    A version whose files went while it was read is told from a damaged one: it cannot be opened any more.
    """
    if is_uri(tables.place) and is_of_storage(error):
        return failure(f"{tables.place}/{name}.lance", error)
    said = _first_line(error)
    if where is not None and (said.startswith(_AT_ONCE) or any(words in said for words in _OF_THE_FILTER)):
        return UsageError(f"the filter {where[:200]!r} cannot be used: {said}")
    if not tables.has_version(name, version):
        return _gone(tables, name, version)
    return Damaged(f"{name} in {tables.place} cannot be read ({said}); run `echodex repair`")


def _is_superseded(tables: Tables, name: str, version: int) -> bool:
    try:
        return version < tables.version(name)
    except (Damaged, NotFound):
        return False


def _gone(tables: Tables, name: str, version: int) -> Stale:
    return Stale(
        f"version {version} of {name} in {tables.place} is no longer there; run the same again, and `echodex check` "
        "where it still is not"
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
