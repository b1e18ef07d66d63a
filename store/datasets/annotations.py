"""The lists that data sets come with: lines of an id and a row of zeros and ones, one per tag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import BadInput
from ...schemas.read_json import read_json


def read_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (id, rest) of each line `id <tab> rest`; raise BadInput naming the file and the line."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                identity, tab, rest = line.rstrip("\r\n").partition("\t")
                if not (tab and identity and rest):
                    raise BadInput(f"{path}, line {number}: {line[:60]!r} is not an id, a tab and something")
                yield identity, rest
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text ({error}); download it again") from error


def read_tagged(path: Path, tags: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (id, its tags) of each line `id <tab> [0, 1, ...]`, one number per tag."""
    for identity, text in read_pairs(path):
        try:
            row = read_json(text)
        except ValueError:
            row = None
        if not isinstance(row, list):
            raise BadInput(f"{path}: {identity!r} has {text[:60]!r} instead of a list of numbers")
        yield identity, names_of(row, tags, f"{path}: {identity!r}")


def names_of(row: Sequence[float], tags: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the tags that `row` has 1 for; raise BadInput, beginning with `where`, if it is no row for them."""
    if len(row) != len(tags) or any(value not in (0, 1) for value in row):
        raise BadInput(f"{where} must have a 0 or 1 for each of the {len(tags)} tags, not {str(row)[:60]}")
    return tuple(tag for tag, value in zip(tags, row, strict=True) if value)
