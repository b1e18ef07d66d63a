"""What a store holds, counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..schemas.clip import Status
from .activity import Activity, running
from .decisions import list_decisions
from .frames.layout import frames_tables
from .known import CLIPS_TABLE
from .remote.tables import files_below
from .spaces import list_spaces, table_of
from .tables import Tables
from .views import list_views
from .waveforms import waveforms_tables


@dataclass(frozen=True)
class SpaceCount:
    """A space, how many clips have a vector in it, and where its encoder comes from."""

    name: str
    encoder: str
    dim: int
    clips: int
    note: str


@dataclass(frozen=True)
class StoreStatus:
    """Counts of a store. `statuses` and `reasons` count clips, `hours` are of usable clips, `waveforms` and `frames`
    count the clips of each such table, `views` are "name@version", `decisions` counts those that stand, by kind;
    `running`: who is at work on the store.
    """

    path: str
    clips: int
    hours: float
    statuses: dict[str, int]
    reasons: dict[str, int]
    splits: dict[str, int]
    labels: int
    spaces: tuple[SpaceCount, ...]
    waveforms: dict[str, int]
    frames: dict[str, int]
    views: tuple[str, ...]
    decisions: dict[str, int]
    size_bytes: int
    running: tuple[Activity, ...]


def store_status(tables: Tables) -> StoreStatus:
    """Return the counts of the store, from one scan of the clips and one of each space's ids."""
    rows = tables.scan(CLIPS_TABLE, ["status", "reason", "split", "labels", "decoded_s"]).to_pylist()
    usable = [row for row in rows if row["status"] != Status.BAD]
    return StoreStatus(
        path=tables.place,
        clips=len(rows),
        hours=sum(row["decoded_s"] for row in usable) / 3600,
        statuses=dict(Counter(row["status"] for row in rows)),
        reasons=dict(Counter(row["reason"] for row in rows if row["reason"])),
        splits=dict(Counter(row["split"] for row in usable if row["split"])),
        labels=len({label for row in usable for label in row["labels"]}),
        spaces=tuple(
            SpaceCount(space.name, space.encoder, space.dim, _clips_in(tables, table_of(space)), space.note)
            for space in list_spaces(tables)
        ),
        waveforms={table: tables.count(table) for table in waveforms_tables(tables)},
        frames={table: tables.count(table) for table in frames_tables(tables)},
        views=tuple(f"{info.name}@{info.version}" for info in list_views(tables)),
        decisions=dict(Counter(made.kind for made in list_decisions(tables))),
        size_bytes=_size_bytes(tables),
        running=tuple(running(tables.folder)),
    )


def _clips_in(tables: Tables, table: str) -> int:
    return len(set(tables.scan(table, ["clip_id"]).column(0).to_pylist()))


def _size_bytes(tables: Tables) -> int:
    return sum(found.size_bytes for found in files_below(tables.place).values())
