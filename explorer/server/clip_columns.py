"""What the clips table says of every clip, as columns to colour by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...store.known import CLIPS_TABLE
from ...store.spaces import table_of
from ...store.tables import Tables
from ...store.where import above
from .single import once
from .snapshot import Snapshot
from .values import Column, Values, category, number

GROUP = "clip"
_DATASET = '"dataset": "'
_MICROSECONDS_A_DAY = 86_400e6
"""`added_at` is kept in microseconds."""


@dataclass(frozen=True)
class _Of:
    """A column made from one of the clips table. says: whether some values of that say anything."""

    name: str
    title: str
    kind: str
    source: str
    says: Callable[[pa.Array], bool]
    make: Callable[[pa.ChunkedArray], Values]


def clip_columns(tables: Tables, snapshot: Snapshot) -> list[Column]:
    """Return the columns of the clips table of which any clip has a value, and how many segments clips have."""
    found = [
        Column(of.name, of.title, of.kind, GROUP, _reads(tables, snapshot, of))
        for of in _COLUMNS
        if _any(tables, snapshot, of)
    ]
    if tables.count(table_of(snapshot.space), snapshot.versions[1], where=above("segment", 0)):
        found.append(Column("segments", "segments", "number", GROUP, once(lambda: _segments(tables, snapshot))))
    return found


def _any(tables: Tables, snapshot: Snapshot, of: _Of) -> bool:
    """Whether any clip says something; the first few that do end the reading."""
    batches = tables.batches(CLIPS_TABLE, [of.source], version=snapshot.versions[0])
    return any(of.says(batch.column(0)) for batch in batches)


def _reads(tables: Tables, snapshot: Snapshot, of: _Of) -> Callable[[], Values]:
    return once(lambda: of.make(snapshot.column(tables, of.source)))


def _first_label(labels: pa.ChunkedArray) -> Values:
    """Return the first label of each clip."""
    lists = labels.combine_chunks()
    filled = np.flatnonzero(pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    places = np.full(len(lists), -1, dtype=np.int64)
    places[filled] = lists.offsets.to_numpy()[filled]
    return category(lists.values.take(pa.array(places, mask=places < 0)))


def _dataset(extra: pa.ChunkedArray) -> Values:
    """Return the data set of each clip, which adding one notes in the other columns of its clips."""
    found = pc.extract_regex(extra, _DATASET + r'(?P<name>[^"\\]*)"')
    return category(pc.struct_field(found, "name"))


def _days(added_at: pa.ChunkedArray) -> Values:
    """Return days since the first clip was added."""
    when = added_at.cast(pa.int64())
    return number(pc.divide(pc.cast(pc.subtract(when, pc.min(when)), pa.float64()), _MICROSECONDS_A_DAY), "days")


def _segments(tables: Tables, snapshot: Snapshot) -> Values:
    """Return how many segments each clip has in the space."""
    held = tables.scan(table_of(snapshot.space), ["clip_id"], version=snapshot.versions[1]).column(0)
    counts = pc.value_counts(held.combine_chunks())
    places = pc.index_in(snapshot.ids, value_set=counts.field(0))
    return number(counts.field(1).take(places))


def _some_text(texts: pa.Array) -> bool:
    return bool(pc.any(pc.not_equal(texts, "")).as_py())


def _some_list(lists: pa.Array) -> bool:
    return bool(pc.sum(pc.list_value_length(lists)).as_py())


def _some_number(values: pa.Array) -> bool:
    return bool(pc.any(pc.greater(values, 0)).as_py())


def _some_dataset(extra: pa.Array) -> bool:
    return bool(pc.any(pc.match_substring(extra, _DATASET)).as_py())


def _text(name: str) -> _Of:
    return _Of(name, name, "category", name, _some_text, category)


def _numbers(name: str, title: str, unit: str = "") -> _Of:
    return _Of(name, title, "number", name, _some_number, lambda values: number(values, unit))


def _all_labels(labels: pa.ChunkedArray) -> Values:
    return category(pc.binary_join(labels.combine_chunks(), ", "))


_COLUMNS = (
    _Of("label", "label", "category", "labels", _some_list, _first_label),
    _Of("labels", "all labels", "category", "labels", _some_list, _all_labels),
    _text("split"),
    _text("fold"),
    _Of("dataset", "data set", "category", "extra", _some_dataset, _dataset),
    _text("work"),
    _text("artist"),
    _text("album"),
    _text("codec"),
    _text("status"),
    _numbers("duration_s", "duration", "s"),
    _numbers("sample_rate_hz", "sample rate", "Hz"),
    _numbers("channels", "channels"),
    _Of("added_at", "days since the first was added", "number", "added_at", lambda _: True, _days),
)
"""In the order in which they are offered."""
