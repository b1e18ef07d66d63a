"""Rows of the clips table: made from a decoded source, and united when the same bytes turn up again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from ..audio.clip import Decoded
from ..schemas.clip import CLIPS, DESCRIPTIVE, Source
from ..schemas.condition import UNDECIDED
from ..schemas.read_json import read_json
from .rowsum import with_row_sums

Row = dict[str, Any]


@dataclass(frozen=True)
class FileFacts:
    """What the file system and the bytes say of a source's file."""

    content_hash: str
    mtime_ns: int
    size_bytes: int


@dataclass(frozen=True)
class Conflict:
    """Two places of the same audio say different things; the first is kept."""

    clip_id: str
    path: str
    column: str
    kept: str
    ignored: str


def clip_row(clip_id: str, source: Source, facts: FileFacts, decoded: Decoded, tags: Mapping[str, str]) -> Row:
    """Return the row of a new clip; what the user says of it wins over the file's own tags."""
    said = {**tags, **dict(source.fields)}
    return {
        "clip_id": clip_id,
        "uris": [source.path],
        "mtimes_ns": [facts.mtime_ns],
        "size_bytes": facts.size_bytes,
        "content_hash": facts.content_hash,
        "offset_s": source.offset_s,
        "excerpt": source.is_excerpt,
        **_judged(decoded),
        **{column: _text(said.get(column, "")) for column in DESCRIPTIVE},
        "labels": _labels(source),
        "extra": json.dumps(_extra(source), sort_keys=True),
        "added_at": datetime.now(UTC),
    }


def rejudged(row: Row, decoded: Decoded, tags: Mapping[str, str]) -> Row:
    """Return the row of a clip that was decoded anew; what could be decoded once is not undone by a child that died."""
    if row["reason"] not in UNDECIDED:
        return row if decoded.reason in UNDECIDED else row | _judged(decoded)
    untold = {column: _text(tags[column]) for column in tags if not row[column]}
    return row | _judged(decoded) | untold


def _judged(decoded: Decoded) -> Row:
    """Return the columns of a clip that say how decoding it ended."""
    return {
        "duration_s": decoded.decoded_s,
        "expected_s": decoded.expected_s,
        "decoded_s": decoded.decoded_s,
        "sample_rate_hz": decoded.sample_rate_hz,
        "channels": decoded.channels,
        "codec": decoded.codec,
        "status": str(decoded.status),
        "reason": str(decoded.reason),
        "detail": decoded.detail,
    }


def unite(row: Row, source: Source, facts: FileFacts) -> tuple[Row, list[Conflict]]:
    """Return `row` with another sighting of the same clip, and what the two disagree on.

    Places are kept sorted and labels united. A value said again for the place that said it first is a correction and
    replaces it, an empty one takes it back; a different value from another place is a conflict, and the first is kept.
    """
    places = dict(zip(row["uris"], row["mtimes_ns"], strict=True))
    correction = set(places) == {source.path}
    places[source.path] = facts.mtime_ns
    united = dict(row)
    united["uris"], united["mtimes_ns"] = sorted(places), [places[uri] for uri in sorted(places)]
    labels = _labels(source)
    united["labels"] = sorted({*labels} if correction and labels else {*row["labels"], *labels})
    united["extra"] = json.dumps({**read_json(row["extra"]), **_extra(source)}, sort_keys=True)
    conflicts = []
    for column, said in source.fields:
        value = _text(said)
        if correction or not (row[column] and value):
            united[column] = value
        elif row[column] != value:
            conflicts.append(Conflict(row["clip_id"], source.path, column, row[column], value))
    return united, conflicts


def _text(said: str) -> str:
    """Return what is said as a table can hold it: "?" for half of a character, which JSON can spell alone."""
    return said.encode(errors="replace").decode()


def _labels(source: Source) -> list[str]:
    return [_text(label) for label in source.labels]


def _extra(source: Source) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in source.extra}


def clip_table(rows: Iterable[Row]) -> pa.Table:
    """Return rows as a table of the CLIPS schema, row sums filled."""
    bare = pa.schema([field for field in CLIPS if field.name != "row_sum"])
    return with_row_sums(pa.Table.from_pylist(list(rows), schema=bare), CLIPS)
