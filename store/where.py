"""The only place where filters are built: values become quoted literals, never text of the filter itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


PART = 8192
"""How many values a filter names at most, where there may be a million of them."""


def equals(column: str, value: str | int) -> str:
    """Return the filter `column = value`."""
    return f"{column} = {_literal(value)}"


def above(column: str, value: int) -> str:
    """Return the filter `column > value`."""
    return f"{column} > {_literal(value)}"


def is_in(column: str, values: Iterable[str | int]) -> str:
    """Return the filter that holds where `column` is one of `values`; false for none at all."""
    literals = ", ".join(_literal(value) for value in values)
    return f"{column} IN ({literals})" if literals else "false"


def is_in_parts(column: str, values: Sequence[str] | Sequence[int]) -> Iterator[str]:
    """Yield the filters that hold where `column` is one of the first PART of `values`, of the next, and so on."""
    return (is_in(column, values[first : first + PART]) for first in range(0, len(values), PART))


def array_has(column: str, value: str) -> str:
    """Return the filter that holds where the list `column` has `value` among its entries."""
    return f"array_has({column}, {_literal(value)})"


def storable(text: str) -> bool:
    """Return whether a table could hold `text`, so that looking for it makes sense: UTF-8, without NUL."""
    try:
        return "\0" not in text and bool(text.encode())
    except UnicodeEncodeError:  # a file name that is not UTF-8
        return False


def all_of(*filters: str | None) -> str | None:
    """Return the conjunction of those filters that are given, or None where none is."""
    given = [f"({text})" for text in filters if text]
    return " AND ".join(given) if given else None


def check_where(text: str, schema: pa.Schema) -> str:
    """Return the user's own filter `text` if it is one harmless expression; raise UsageError otherwise.

    It is only ever used to read; this keeps mistakes from being mistaken for an empty answer.
    """
    if not text.strip():
        raise UsageError("--where is empty; leave it out to take every clip")
    if ";" in _outside_quotes(text) or "\0" in text:
        raise UsageError(f"--where takes one expression, without ';': {text[:200]!r}")
    if not any(name in text for name in schema.names):
        raise UsageError(f"--where {text[:200]!r} names no column; the columns are {', '.join(schema.names)}")
    return text


def _literal(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    if "\0" in value:
        raise UsageError(f"{value[:80]!r} holds a NUL character")
    return "'" + value.replace("'", "''") + "'"


def _outside_quotes(text: str) -> str:
    return "".join(text.split("'")[::2])
