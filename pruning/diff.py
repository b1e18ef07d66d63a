"""What two views have in common, and what each has alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..schemas.view import ALL

if TYPE_CHECKING:
    from ..store.store import Store


@dataclass(frozen=True)
class Part:
    """Clips of a comparison: how many, hours of audio, how many of each label, and their ids in order."""

    clips: int
    hours: float
    labels: dict[str, int]
    clip_ids: tuple[str, ...]


@dataclass(frozen=True)
class ViewDiff:
    """Two views, by "name@version" ("all": every usable clip): what only one keeps, and what both keep."""

    a: str
    b: str
    only_a: Part
    only_b: Part
    both: Part


def diff(store: Store, a: str, b: str) -> ViewDiff:
    """Compare what two views ("all", "lean", "lean@2") keep. Raises NotFound for an unknown view."""
    in_a, in_b = _kept(store, a), _kept(store, b)
    return ViewDiff(
        a=_address(store, a),
        b=_address(store, b),
        only_a=_part({clip_id: row for clip_id, row in in_a.items() if clip_id not in in_b}),
        only_b=_part({clip_id: row for clip_id, row in in_b.items() if clip_id not in in_a}),
        both=_part({clip_id: row for clip_id, row in in_a.items() if clip_id in in_b}),
    )


def _kept(store: Store, view: str) -> dict[str, dict[str, Any]]:
    rows = store.clips(["clip_id", "duration_s", "labels"], view=view).to_pylist()
    return {row["clip_id"]: row for row in rows}


def _part(rows: dict[str, dict[str, Any]]) -> Part:
    labels = Counter(label for row in rows.values() for label in row["labels"] or ())
    return Part(
        clips=len(rows),
        hours=sum(row["duration_s"] or 0.0 for row in rows.values()) / 3600,
        labels=dict(sorted(labels.items())),
        clip_ids=tuple(rows),
    )


def _address(store: Store, view: str) -> str:
    if view == ALL:
        return ALL
    info = store.view(view)
    return f"{info.name}@{info.version}"
